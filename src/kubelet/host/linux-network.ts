// Probes and hooks over the real network: HTTP and HTTPS without verification (as upstream: a probe asks
// whether, not who), TCP connects, and gRPC health checks. No connection is kept: each probe stands alone.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { Client as GrpcClient, credentials } from '@grpc/grpc-js';
import { codeOf } from '#base/errors.ts';
import type { HostNetwork, HttpProbe } from '../host.ts';

/** More of a body is not read: the event carries this much at most. */
const maxBodyBytes = 10 * 1024;

async function readBody(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    if (!Buffer.isBuffer(part)) continue;
    parts.push(part);
    size += part.length;
    if (size >= maxBodyBytes) break;
  }
  return Buffer.concat(parts).subarray(0, maxBodyBytes).toString('utf8');
}

const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Texts in the form that Go's client gives, as events and tools know them. */
function goText(request: HttpProbe, error: unknown, timedOut: boolean): Error {
  const url = `${request.scheme}://${hostText(request.host)}:${request.port}${request.path}`;
  if (timedOut) return new Error(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`);
  const at = `dial tcp ${hostText(request.host)}:${request.port}`;
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return new Error(`Get "${url}": ${at}: connect: connection refused`);
  if (code === 'EHOSTUNREACH') return new Error(`Get "${url}": ${at}: connect: no route to host`);
  if (code === 'ECONNRESET') return new Error(`Get "${url}": EOF`);
  return new Error(`Get "${url}": ${error instanceof Error ? error.message : String(error)}`);
}

function http(probe: HttpProbe, timeoutMs: number, signal?: AbortSignal): Promise<{ status: number; body: string; location?: string }> {
  return new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of probe.headers) {
      const before = headers[name];
      headers[name] = before === undefined ? value : [before, value].flat();
    }
    const options = { host: probe.host, port: probe.port, path: probe.path, method: 'GET', headers, agent: false as const, signal: both };
    const fail = (error: unknown): void => reject(goText(probe, error, timeout.aborted));
    const send = probe.scheme === 'https' ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options);
    send.on('error', fail);
    send.on('response', (response) => {
      readBody(response).then((body) => {
        const { location } = response.headers;
        resolve({ status: response.statusCode ?? 0, body, ...(location !== undefined ? { location } : {}) });
      }, fail);
    });
    send.end();
  });
}

function tcp(host: string, port: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const socket = connect({ host, port });
    const stop = (): void => {
      socket.destroy();
      reject(new Error(`dial tcp ${hostText(host)}:${port}: i/o timeout`));
    };
    const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    both.addEventListener('abort', stop, { once: true });
    socket.on('connect', () => {
      both.removeEventListener('abort', stop);
      socket.destroy();
      resolve();
    });
    socket.on('error', (error) => {
      both.removeEventListener('abort', stop);
      const refused = codeOf(error) === 'ECONNREFUSED' ? 'connect: connection refused' : error.message;
      reject(new Error(`dial tcp ${hostText(host)}:${port}: ${refused}`));
    });
  });
}

// grpc.health.v1: HealthCheckRequest{1: service}, HealthCheckResponse{1: status}. Two messages of one field
// each are written by hand rather than with a schema.
const healthStates = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service.slice(0, 120));
  return name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
}

/** SERVING, NOT_SERVING, …; rejects with the gRPC error. */
function grpcHealth(host: string, port: number, service: string, timeoutMs: number): Promise<string> {
  const client = new GrpcClient(`${hostText(host)}:${port}`, credentials.createInsecure());
  return new Promise<string>((resolve, reject) => {
    const call = client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      encodeHealthRequest,
      (bytes: Buffer) => healthStates[bytes[1] ?? 0] ?? 'UNKNOWN',
      service,
      (error, status) => (error !== null ? reject(error) : resolve(status ?? 'UNKNOWN')),
    );
    AbortSignal.timeout(timeoutMs).addEventListener('abort', () => call.cancel(), { once: true });
  }).finally(() => client.close());
}

export const linuxNetwork: HostNetwork = { http, tcp, grpcHealth };
