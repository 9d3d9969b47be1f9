// What is counted of a signer of service account tokens outside this server, under upstream's names.
import type { Metrics } from '#base/metrics.ts';
import { errorCode } from '../encryption/index.ts';

export interface SignerMetrics {
  signed(error: unknown): void;
  /** @param nowSeconds of the success. */
  fetched(error: unknown, nowSeconds: number): void;
  dataTimestamp(seconds: number): void;
  called(method: string, error: unknown, seconds: number): void;
}

const buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createSignerMetrics(metrics: Metrics): SignerMetrics {
  const name = (rest: string): string => `apiserver_externaljwt_${rest}`;
  const succeeded = metrics.gauge(name('fetch_keys_success_timestamp'), '[ALPHA] Unix Timestamp in seconds of the last successful FetchKeys request');
  const data = metrics.gauge(name('fetch_keys_data_timestamp'), '[ALPHA] Unix Timestamp in seconds of the last successful FetchKeys data_timestamp value returned by the external signer');
  const fetches = metrics.counter(name('fetch_keys_request_total'), '[ALPHA] Total attempts at syncing supported JWKs', ['code']);
  const signs = metrics.counter(name('sign_request_total'), '[ALPHA] Total attempts at signing JWT', ['code']);
  const durations = metrics.histogram(name('request_duration_seconds'), '[ALPHA] Request duration and time for calls to external-jwt-signer', ['method', 'code'], buckets);
  return {
    signed: (error) => signs.labels(errorCode(error)).inc(),
    fetched(error, nowSeconds) {
      fetches.labels(errorCode(error)).inc();
      if (error === undefined) succeeded.set(nowSeconds);
    },
    dataTimestamp: (seconds) => data.set(seconds),
    called: (method, error, seconds) => durations.labels(method, errorCode(error)).observe(seconds),
  };
}
