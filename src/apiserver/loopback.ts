// The server as its own client, through the whole chain, in memory: for webhooks that point at it and for what must be seen
// as a request. It exists before the chain does, because parts of the chain need it.
import { memoryTransport, type Handler, type Transport } from '#wire';

/** Answers once it serves a handler. */
export function createLoopback(): { serve(handler: Handler): void; transport(): Transport } {
  let handler: Handler | undefined;
  return {
    serve(own) {
      handler = own;
    },
    transport: () => memoryTransport(async (exchange) => handler?.(exchange), { user: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }),
  };
}
