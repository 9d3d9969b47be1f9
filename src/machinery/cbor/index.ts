// CBOR, the encoding of KEP-4222: bodies in, objects, lists and watch events out.
export { decodeTypedCbor, decodingAnyCbor, decodingCborMap, typeMetaOfCbor, type DecodedCbor } from './decode.ts';
export { diagnoseCbor } from './diagnose.ts';
export { encodeCbor, encodeCborItem, encodeCborListHead, encodeCborWatchEvent } from './encode.ts';
export { CborError } from './scan.ts';

export function isCborType(mediaType: string): boolean {
  return mediaType === 'application/cbor';
}
