// --tls-cipher-suites and --tls-curve-preferences: upstream names both as Go's crypto/tls does, by name and by number;
// Node's TLS wants OpenSSL's names. TLS 1.3 has its own suites, which Go does not let anybody choose.
const always = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

const suites: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA', TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA', TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305', TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA', TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA', TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305', TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256', TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA', TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256', TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA', TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
};

const curves: Readonly<Record<string, string>> = { '23': 'prime256v1', '24': 'secp384r1', '25': 'secp521r1', '29': 'X25519', '4588': 'X25519MLKEM768' };

/** The suites as OpenSSL's cipher list; undefined: its own choice. Throws an Error with upstream's words. */
export function cipherList(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const chosen = names.flatMap((name) => {
    if (always.includes(name)) return [];
    const suite = suites[name];
    if (suite === undefined) throw new Error(`Cipher suite ${name} not supported or doesn't exist`);
    return [suite];
  });
  return [...always, ...chosen].join(':');
}

/** The curves as OpenSSL's list; undefined: its own choice. Throws an Error. */
export function curveList(numbers: readonly string[]): string | undefined {
  if (numbers.length === 0) return undefined;
  return numbers.map((number) => curves[number.trim()] ?? refuse(number)).join(':');
}

function refuse(number: string): never {
  throw new Error(`curve ${number} is not supported, known are ${Object.keys(curves).join(', ')}`);
}
