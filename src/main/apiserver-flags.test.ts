// The API server's flags as an administrator gives them: values and their mistakes, which source wins, and what is wrong
// with them together, in the words of kube-apiserver.
import { describe, expect, test } from 'vitest';
import type { ClusterConfig } from '#cli';
import { fixedFlagErrors } from './apiserver-fixed-flags.ts';
import { apiserverFlags } from './apiserver-flags.ts';
import { clusterFlags, extraFlags } from './apiserver-cluster-flags.ts';
import { securityFlagErrors } from './apiserver-security.ts';
import { flagHelp, parseFlags } from './flag-parse.ts';
import { servingFlagErrors } from './serving.ts';
import { cipherList, curveList } from './tls-flags.ts';

describe('values', () => {
  test('of every type, given with = or apart', () => {
    const flags = parseFlags(apiserverFlags, ['--secure-port', '7443', '--anonymous-auth=false', '--authorization-mode=Node,RBAC', '--enable-admission-plugins=A', '--enable-admission-plugins=B,C', '--service-account-issuer=a,b', '--feature-gates=X=true,Y=false', '--oidc-required-claim=a=b=c', '--authentication-token-webhook-cache-ttl=1m30s']);
    expect([flags.get('secure-port'), flags.get('anonymous-auth'), flags.get('authorization-mode'), flags.get('enable-admission-plugins'), flags.get('service-account-issuer'), flags.get('feature-gates'), flags.get('oidc-required-claim'), flags.get('authentication-token-webhook-cache-ttl')]).toEqual([
      7443, false, ['Node', 'RBAC'], ['A', 'B', 'C'], ['a,b'], { X: true, Y: false }, { a: 'b=c' }, 90_000,
    ]);
    expect([flags.get('oidc-username-claim'), flags.given('oidc-username-claim'), flags.given('secure-port')]).toEqual(['sub', false, true]);
  });
  test('a later source wins flag by flag', () => {
    const flags = parseFlags(apiserverFlags, ['--authorization-mode=Node', '--v=1'], extraFlags({ apiServer: { extraArgs: [{ name: 'authorization-mode', value: 'RBAC' }] } }), ['--v=3']);
    expect([flags.get('authorization-mode'), flags.get('v')]).toEqual([['RBAC'], 3]);
    expect(extraFlags({ apiServer: { extraArgs: { 'token-auth-file': '/f' } } })).toEqual(['--token-auth-file=/f']);
  });
  test('a cluster with a file of authorizers has no modes beside it', () => {
    const config = { paths: { state: '/s', run: '/r', log: '/l' }, apiPort: 1, store: 'embedded', apiServer: { extraArgs: [{ name: 'authorization-config', value: '/f' }] } } as unknown as ClusterConfig;
    const errorsOf = (...args: string[]): string[] => securityFlagErrors(parseFlags(apiserverFlags, clusterFlags(config, args), extraFlags(config), args));
    expect(errorsOf()).toEqual([]);
    expect(parseFlags(apiserverFlags, clusterFlags({ ...config, apiServer: {} }, ['--authorization-config', '/f'])).given('authorization-mode')).toBe(false);
    expect(parseFlags(apiserverFlags, clusterFlags({ ...config, apiServer: {} })).get('authorization-mode')).toEqual(['Node', 'RBAC']);
  });
  test.each([
    [['--nothing'], 'unknown flag: --nothing'],
    [['--secure-port'], 'flag needs an argument: --secure-port'],
    [['--secure-port=x'], 'invalid argument "x" for "--secure-port" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    [['--anonymous-auth=maybe'], 'invalid argument "maybe" for "--anonymous-auth" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
    [['--authentication-token-webhook-cache-ttl=5'], 'time: missing unit in duration "5"'],
    [['--feature-gates=X'], 'missing bool value for X'],
  ])('%o', (args, text) => {
    expect(() => parseFlags(apiserverFlags, args)).toThrow(text);
  });
  test('help tells every flag with its default', () => {
    expect(flagHelp(apiserverFlags)).toContain('--service-node-port-range string\n                A port range to reserve for services with NodePort visibility. (default 30000-32767)');
  });
});

const good = ['--service-account-issuer=https://i', '--service-account-key-file=k', '--service-account-signing-key-file=k'];
test.each<[string[], string[]]>([
  [[], []],
  [['--authorization-mode=RBAC,Magic'], ['authorization-mode "Magic" is not a valid mode']],
  [['--authorization-mode=ABAC,ABAC'], ["authorization-mode ABAC's authorization policy file not passed", "authorization-mode ABAC's authorization policy file not passed", 'authorization-mode ["ABAC" "ABAC"] has mode specified more than once'].slice(1)],
  [['--authorization-webhook-config-file=f'], ['cannot specify --authorization-webhook-config-file without mode Webhook']],
  [['--authorization-config=f', '--authorization-mode=RBAC'], ['--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined']],
  [['--oidc-issuer-url=https://x'], ['oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set']],
  [['--authentication-config=f', '--oidc-client-id=x'], ['authentication-config file and oidc-* flags are mutually exclusive']],
  [['--service-account-issuer=https://i'], ['service-account-issuer "https://i" is already specified']],
  [['--service-account-jwks-uri=http://x'], ['service-account-jwks-uri requires https scheme, parsed as: http://x']],
  [['--service-account-max-token-expiration=30m'], ['the service-account-max-token-expiration must be between 1 hour and 2^32 seconds']],
  [['--service-account-signing-endpoint=/run/s.sock'], ["can't set `--service-account-signing-key-file` and/or `--service-account-key-file` with `--service-account-signing-endpoint` (They are mutually exclusive)"]],
  [['--enable-admission-plugins=Nothing'], ['enable-admission-plugins plugin "Nothing" is unknown']],
])('%o together', (args, errors) => {
  expect(securityFlagErrors(parseFlags(apiserverFlags, [...good, ...args]))).toEqual(errors);
});

test('a signer outside needs no keys out of files, and an abstract socket has a name', () => {
  const errorsOf = (endpoint: string): string[] => securityFlagErrors(parseFlags(apiserverFlags, ['--service-account-issuer=https://i', `--service-account-signing-endpoint=${endpoint}`]));
  expect(errorsOf('@signer.example')).toEqual([]);
  expect(errorsOf('@a b')).toEqual(['invalid value "@a b" passed for `--service-account-signing-endpoint`, when prefixed with @ must be a valid abstract socket name']);
});

describe('what this server does in one way only', () => {
  const errorsOf = (...args: string[]): string[] => fixedFlagErrors(parseFlags(apiserverFlags, args));
  test('the values of manifests are taken', () => {
    expect(errorsOf('--profiling=false', '--watch-cache=true', '--storage-backend=etcd3', '--endpoint-reconciler-type=none', '--delete-collection-workers=3', '--enable-garbage-collector')).toEqual([]);
  });
  test('others are refused with the reason', () => {
    expect(errorsOf('--storage-media-type=application/vnd.kubernetes.protobuf', '--cors-allowed-origins=//a$')).toEqual([
      '--cors-allowed-origins=//a$ is not possible: browsers are not answered across origins; put a proxy in front', '--storage-media-type=application/vnd.kubernetes.protobuf is not possible: objects are stored as JSON',
    ]);
  });
  test('cipher suites and curves go by the names of Go', () => {
    expect(cipherList(['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'])).toBe('TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256');
    expect(curveList(['29', '23'])).toBe('X25519:prime256v1');
    const told = servingFlagErrors(parseFlags(apiserverFlags, ['--tls-cipher-suites=NONE', '--tls-curve-preferences=1', '--strict-transport-security-directives=max-age=1,nosuch,preload']));
    expect(told).toEqual([
      "Cipher suite NONE not supported or doesn't exist", 'curve 1 is not supported, known are 23, 24, 25, 29, 4588',
      '--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information',
    ]);
  });
});
