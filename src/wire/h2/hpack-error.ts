// What RFC 7541 forbids in a header block. It ends the connection with COMPRESSION_ERROR (RFC 9113, 4.3): after a block
// that was not understood, the two ends no longer agree on the dynamic table.

export class HpackError extends Error {
  override readonly name = 'HpackError';
}
