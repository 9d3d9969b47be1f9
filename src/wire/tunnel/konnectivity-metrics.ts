// What konnectivity's own client counts, under its names: packets and errors of the stream, dials that failed and why,
// and how many connections are in which state.
import type { Metrics } from '#base/metrics.ts';
import { goGrpcCodes } from '../grpc-codes.ts';
import type { PacketType } from './konnectivity-schema.ts';

export type DialFailure = 'unknown' | 'timeout' | 'context' | 'endpoint' | 'dialclosed' | 'tunnelclosed';
export type ConnectionStatus = 'created' | 'dialing' | 'ok';

export interface KonnectivityMetrics {
  packet(segment: 'from_client' | 'to_client', type: PacketType): void;
  /** @param code gRPC's number. */
  streamFailed(segment: 'from_client' | 'to_client', code: number, type: PacketType | 'Unknown'): void;
  dialFailed(reason: DialFailure): void;
  /** A connection that begins; what it becomes, and at last nothing. */
  connection(): { becomes(status: ConnectionStatus | undefined): void };
}

const codes = Object.values(goGrpcCodes);

export function createKonnectivityMetrics(metrics: Metrics): KonnectivityMetrics {
  const prefix = 'konnectivity_network_proxy_client';
  const packets = metrics.counter(`${prefix}_stream_packets_total`, 'Count of packets processed, by segment and packet type (example: from_client, DIAL_REQ)', ['segment', 'packet_type']);
  const errors = metrics.counter(`${prefix}_stream_errors_total`, 'Count of gRPC stream errors, by segment, grpc Code, packet type. (example: from_agent, Code.Unavailable, DIAL_RSP)', ['segment', 'code', 'packet_type']);
  const failures = metrics.counter(`${prefix}_dial_failure_total`, 'Number of dial failures observed, by reason (example: remote endpoint error)', ['reason']);
  const connections = metrics.gauge(`${prefix}_client_connections`, 'Number of open client connections, by status (Example: dialing)', ['status']);
  return {
    packet: (segment, type) => packets.inc({ segment, packet_type: type }),
    streamFailed: (segment, code, type) => errors.inc({ segment, code: codes[code] ?? `Code(${code})`, packet_type: type }),
    dialFailed: (reason) => failures.inc({ reason }),
    connection() {
      let now: ConnectionStatus | undefined = 'created';
      connections.inc({ status: now });
      return {
        becomes(status) {
          if (now === undefined) return;
          connections.dec({ status: now });
          now = status;
          if (status !== undefined) connections.inc({ status });
        },
      };
    },
  };
}
