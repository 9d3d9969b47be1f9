// What RFC 7541 forbids in a header block. It ends the connection with COMPRESSION_ERROR (RFC 9113, 4.3): after a block
// that was not understood, the two ends no longer agree on the dynamic table.

export class HpackError extends Error {
  override readonly name: string = 'HpackError';
}

/** Sound, and so much that reading on would hold up everybody else. */
export class HpackExcess extends HpackError {
  override readonly name = 'HpackExcess';
}
