// --strict-transport-security-directives: every answer of the port tells browsers to come by HTTPS only (RFC 6797).
import type { Exchange, Handler } from '#wire';

/** Exchanges keep their state to themselves: the answer's head is all that this looks at. */
export function strictTransport(handler: Handler, directives: readonly string[]): Handler {
  const told = { 'strict-transport-security': directives.join('; ') };
  return (exchange) => handler(withHeaders(exchange, told));
}

function withHeaders(exchange: Exchange, told: Readonly<Record<string, string>>): Exchange {
  return new Proxy(exchange, {
    get(target, name) {
      if (name === 'send') return (status: number, headers: Exchange['headers'], body?: Uint8Array | string) => target.send(status, { ...told, ...headers }, body);
      if (name === 'start') return (status: number, headers: Exchange['headers']) => target.start(status, { ...told, ...headers });
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
