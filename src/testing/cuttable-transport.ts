// A way to the API server that can be cut and joined again, as a network can: while it is cut, calls under way
// break and new ones fail.
import type { Transport } from '#wire';

export interface CuttableTransport extends Transport {
  cut(): void;
  join(): void;
}

/** Closing it closes `inner`. */
export function cuttable(inner: Transport): CuttableTransport {
  let wire = new AbortController();
  return {
    request(request) {
      if (wire.signal.aborted) return Promise.reject(new Error('the network is cut'));
      const signal = request.signal === undefined ? wire.signal : AbortSignal.any([request.signal, wire.signal]);
      return inner.request({ ...request, signal });
    },
    cut: () => wire.abort(new Error('the network is cut')),
    join() {
      if (wire.signal.aborted) wire = new AbortController();
    },
    close: () => inner.close(),
  };
}
