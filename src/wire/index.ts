// The wire room's door.
export type { Exchange, Handler, Headers, Peer, PeerCertificate, ResponseBody, Transport, TransportRequest, TransportResponse } from './contract.ts';
export { BodyTooLargeError } from './contract.ts';
