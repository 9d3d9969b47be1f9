// The wire room's door.
export type { Exchange, Handler, Headers, Peer, PeerCertificate, ResponseBody, Transport, TransportRequest, TransportResponse } from './contract.ts';
export { BodyTooLargeError } from './contract.ts';
export { PeerGoneError } from './http/body.ts';
export { type HttpTransportOptions } from './http/client-options.ts';
export { httpTransport, unixTransport } from './http/http-transport.ts';
export { defaultLimits, type HttpLimits } from './http/limits.ts';
export { memoryTransport, type MemoryTransportOptions } from './http/memory-transport.ts';
export { type HttpServer, serveHttp, type ServeOptions } from './http/server.ts';
export { type ServerTls } from './http/tls-options.ts';
export { type CertificateRequest, type CertifiedKey, createCa, generateKey, issueCertificate, type KeyType, signCsr, type Validity } from './pki/authority.ts';
export { keyMatches, parseCertificate, type ParsedCertificate, pemBlocks, pemEncode, publicKeyHash, verifiesAgainst } from './pki/certificate.ts';
export { createCsr, parseCsr, type ParsedCsr } from './pki/csr.ts';
export type { AlternativeNames, Subject } from './pki/names.ts';
export { isKeyUsage, type KeyUsage } from './pki/usages.ts';
