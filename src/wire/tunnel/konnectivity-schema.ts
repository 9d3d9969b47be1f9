// The agent protocol between an API server and a konnectivity server (apiserver-network-proxy), as protobuf.js takes it:
// one bidirectional stream of packets, each of a type that says which payload it carries.

function message(fields: Readonly<Record<string, readonly [type: string, id: number]>>): object {
  return { fields: Object.fromEntries(Object.entries(fields).map(([name, [type, id]]) => [name, { type, id }])) };
}

/** In the order of their numbers. */
export const packetTypes = ['DIAL_REQ', 'DIAL_RSP', 'CLOSE_REQ', 'CLOSE_RSP', 'DATA', 'DIAL_CLS', 'DRAIN'] as const;

export type PacketType = (typeof packetTypes)[number];

export const konnectivityService = 'ProxyService';

/** With `longs: String` and `enums: String`. */
export interface Packet {
  readonly type: PacketType;
  readonly dialRequest?: { readonly protocol: string; readonly address: string; readonly random: string };
  readonly dialResponse?: { readonly error: string; readonly connectID: string; readonly random: string };
  readonly data?: { readonly connectID: string; readonly error?: string; readonly data: Uint8Array };
  readonly closeRequest?: { readonly connectID: string };
  readonly closeResponse?: { readonly error: string; readonly connectID: string };
  readonly closeDial?: { readonly random: string };
}

export const konnectivitySchema: object = {
  nested: {
    ProxyService: { methods: { Proxy: { requestType: 'Packet', requestStream: true, responseType: 'Packet', responseStream: true } } },
    PacketType: { values: Object.fromEntries(packetTypes.map((name, number) => [name, number])) },
    Packet: {
      oneofs: { payload: { oneof: ['dialRequest', 'dialResponse', 'data', 'closeRequest', 'closeResponse', 'closeDial', 'drain'] } },
      ...message({
        type: ['PacketType', 1], dialRequest: ['DialRequest', 2], dialResponse: ['DialResponse', 3], data: ['Data', 4], closeRequest: ['CloseRequest', 5], closeResponse: ['CloseResponse', 6],
        closeDial: ['CloseDial', 7], drain: ['Drain', 8],
      }),
    },
    DialRequest: message({ protocol: ['string', 1], address: ['string', 2], random: ['int64', 3] }),
    DialResponse: message({ error: ['string', 1], connectID: ['int64', 2], random: ['int64', 3] }),
    CloseRequest: message({ connectID: ['int64', 1] }),
    CloseResponse: message({ error: ['string', 1], connectID: ['int64', 2] }),
    CloseDial: message({ random: ['int64', 1] }),
    Drain: message({}),
    Data: message({ connectID: ['int64', 1], error: ['string', 2], data: ['bytes', 3] }),
  },
};
