// Short answers of the kubelet's API: plain texts with a status, JSON documents.
import type { Exchange } from '#wire';

const textType = { 'content-type': 'text/plain; charset=utf-8' };

export function sendText(exchange: Exchange, status: number, text: string): void {
  exchange.send(status, textType, text);
}

export function sendJson(exchange: Exchange, value: unknown): void {
  exchange.send(200, { 'content-type': 'application/json' }, JSON.stringify(value));
}

/** An error that has an HTTP status of its own. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
