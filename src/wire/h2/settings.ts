// SETTINGS (RFC 9113, 6.5): what we announce, and what of the peer's settings concerns a server.
import type { Output } from './output.ts';
import { ConnectionError, defaultFrameBytes, ErrorCode, FrameType, highest31, mostFrameBytes, putUint32, Setting } from './protocol.ts';

export interface PeerSettings {
  /** The window of new streams to the peer. */
  initialWindowBytes: number;
}

const settingBytes = 6;

/** Our own settings, by their names in `Setting`. */
export function writeSettings(output: Output, settings: Readonly<Partial<Record<keyof typeof Setting, number>>>): void {
  const pairs = Object.entries(settings) as [keyof typeof Setting, number][];
  output.control(FrameType.settings, 0, 0, pairs.length * settingBytes, (into, from) => {
    let at = from;
    for (const [name, value] of pairs) {
      into[at] = 0;
      into[at + 1] = Setting[name];
      at = putUint32(into, at + 2, value);
    }
  });
}

/** Takes over the settings in bytes[from, to). Throws ConnectionError for values that are not allowed. */
export function applySettings(output: Output, peer: PeerSettings, bytes: Buffer, from: number, to: number): void {
  if ((to - from) % settingBytes !== 0) throw new ConnectionError(ErrorCode.frameSizeError, 'SETTINGS come in sixes of bytes');
  for (let at = from; at < to; at += settingBytes) {
    const value = bytes.readUInt32BE(at + 2);
    switch (bytes.readUInt16BE(at)) {
      case Setting.headerTableSize:
        output.encoder.setPeerTableBytes(value);
        break;
      case Setting.enablePush:
        if (value > 1) throw new ConnectionError(ErrorCode.protocolError, 'ENABLE_PUSH is 0 or 1');
        break;
      case Setting.initialWindowSize:
        if (value > highest31) throw new ConnectionError(ErrorCode.flowControlError, 'INITIAL_WINDOW_SIZE is too large');
        peer.initialWindowBytes = value;
        break;
      case Setting.maxFrameSize:
        if (value < defaultFrameBytes || value > mostFrameBytes) throw new ConnectionError(ErrorCode.protocolError, 'MAX_FRAME_SIZE is out of range');
        output.frameBytes = value;
        break;
      default:
      // What does not concern a server, or is unknown, is ignored.
    }
  }
}
