// Frames and header blocks against zlib with SPDY's dictionary, as Go's spdystream writes and reads them.
import { constants, createDeflate, createInflate } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { headerDictionary } from './dictionary.ts';
import { controlFrame, dataFrameHead, FrameReader, HeaderReader, HeaderWriter, words } from './frames.ts';

function plainBlock(headers: Record<string, string>): Buffer {
  const texts = Object.entries(headers).flat();
  return Buffer.concat([words(texts.length / 2), ...texts.flatMap((text) => [words(Buffer.byteLength(text)), Buffer.from(text)])]);
}

describe('header blocks', () => {
  it('are read as a compressor with the dictionary writes them, one after the other', async () => {
    const deflate = createDeflate({ dictionary: headerDictionary });
    const reader = new HeaderReader();
    for (let i = 0; i < 50; i++) {
      const headers = { streamtype: i % 2 === 0 ? 'data' : 'error', port: '80', requestid: String(i) };
      const chunks: Buffer[] = [];
      const collect = (chunk: Buffer): void => void chunks.push(chunk);
      deflate.on('data', collect);
      deflate.write(plainBlock(headers));
      await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
      deflate.off('data', collect);
      expect({ ...(await reader.read(Buffer.concat(chunks))) }).toEqual(headers);
    }
    reader.close();
  });

  it('are written so that an inflater has all of each block at its end, with the mark that Go waits for', async () => {
    const writer = new HeaderWriter();
    const inflate = createInflate({ dictionary: headerDictionary });
    const cases: Record<string, string>[] = [{}, { a: 'b' }, { long: 'x'.repeat(70_000) }, { 'Upper-Case': 'ü' }];
    for (const headers of cases) {
      const block = writer.write(headers);
      expect(block.subarray(-5).toString('hex')).toBe('000000ffff');
      const chunks: Buffer[] = [];
      const collect = (chunk: Buffer): void => void chunks.push(chunk);
      inflate.on('data', collect);
      await new Promise<void>((resolve) => inflate.write(block, () => resolve()));
      inflate.off('data', collect);
      const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      expect(Buffer.concat(chunks).equals(plainBlock(lower))).toBe(true);
    }
    inflate.close();
  });

  it('that are no zlib data, too large or cut short are refused', async () => {
    await expect(new HeaderReader().read(Buffer.from('not zlib at all'))).rejects.toThrow(/header check/);
    const lying = new HeaderWriter().write({ a: 'b' });
    lying.writeUInt32BE(0x7fffffff, 2 + 5);
    await expect(new HeaderReader().read(lying)).rejects.toThrow(/out of range|malformed/);
    await expect(new HeaderReader().read(new HeaderWriter().write({ a: 'x'.repeat(300_000) }))).rejects.toThrow('too large');
  });
});

describe('frames', () => {
  it('are found however the bytes are cut', () => {
    const bytes = Buffer.concat([controlFrame(6, 0, words(1)), dataFrameHead(5, 3, true), Buffer.from('abc'), controlFrame(1, 1, Buffer.alloc(300, 7))]);
    for (const size of [1, 3, 7, 64, 1000]) {
      const reader = new FrameReader();
      const frames = [];
      for (let offset = 0; offset < bytes.length; offset += size) frames.push(...reader.push(bytes.subarray(offset, offset + size)));
      expect(frames).toMatchObject([
        { kind: 'control', type: 6, flags: 0 },
        { kind: 'data', streamId: 5, flags: 1, payload: Buffer.from('abc') },
        { kind: 'control', type: 1, flags: 1 },
      ]);
    }
  });

  it('of other versions, or too large, are refused', () => {
    expect(() => new FrameReader().push(Buffer.from('8002000600000004', 'hex'))).toThrow('not a SPDY/3 control frame');
    expect(() => new FrameReader().push(Buffer.from('8003000100ffffff', 'hex'))).toThrow('too large');
  });
});
