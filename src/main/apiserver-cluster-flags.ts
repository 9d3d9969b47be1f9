// The flags that a cluster made by `skiff up` gives its API server, as kubeadm gives them in its manifest, and those that
// its configuration adds (`apiServer.extraArgs`, as in kubeadm's ClusterConfiguration: a list of name and value, or the
// older map). Later ones win.
import { pkiFile, type ClusterConfig } from '#cli';

/** Of cluster.json, where the user may add it. */
export interface ApiServerSection {
  readonly apiServer?: { readonly extraArgs?: readonly { readonly name: string; readonly value: string }[] | Readonly<Record<string, string>> };
}

/** @param given on the command line, beyond what the configuration adds: a file of authorizers takes the place of the modes. */
export function clusterFlags(config: ClusterConfig, given: readonly string[] = []): string[] {
  const file = (name: string): string => pkiFile(config.paths, name);
  const etcd = /^(etcds?):\/\/(.+)$/.exec(config.store);
  const scheme = etcd?.[1] === 'etcds' ? 'https' : 'http';
  if (etcd === null && config.store !== 'embedded') throw new Error(`--store ${config.store}: say embedded, or etcd://host:port`);
  const modes = [...extraFlags(config), ...given].some((flag) => /^--authorization-config(=|$)/.test(flag)) ? [] : ['--authorization-mode=Node,RBAC'];
  return [
    `--bind-address=${config.bindAddress}`, `--secure-port=${config.apiPort}`, `--advertise-address=${config.nodeIp}`, `--tls-cert-file=${file('apiserver.crt')}`, `--tls-private-key-file=${file('apiserver.key')}`,
    `--service-cluster-ip-range=${config.serviceCidr}`, `--service-node-port-range=${config.nodePortRange}`, `--data-dir=${config.paths.state}`,
    ...(etcd === null ? [] : [`--etcd-servers=${(etcd[2] ?? '').split(',').map((address) => `${scheme}://${address}`).join(',')}`]),
    ...(config.etcdListen === undefined ? [] : [`--etcd-listen=${config.etcdListen}`]),
    `--kubelet-certificate-authority=${file('ca.crt')}`, `--kubelet-client-certificate=${file('apiserver-kubelet-client.crt')}`, `--kubelet-client-key=${file('apiserver-kubelet-client.key')}`,
    `--proxy-client-cert-file=${file('front-proxy-client.crt')}`, `--proxy-client-key-file=${file('front-proxy-client.key')}`,
    '--allow-privileged=true', ...modes, '--enable-admission-plugins=NodeRestriction', '--enable-bootstrap-token-auth=true', `--service-account-issuer=https://kubernetes.default.svc.${config.clusterDomain}`,
    `--service-account-signing-key-file=${file('sa.key')}`, `--service-account-key-file=${file('sa.key')}`, `--client-ca-file=${file('ca.crt')}`, `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client', '--requestheader-username-headers=X-Remote-User', '--requestheader-uid-headers=X-Remote-Uid', '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
  ];
}

export function extraFlags({ apiServer }: ApiServerSection): string[] {
  const extra = apiServer?.extraArgs;
  if (extra === undefined) return [];
  const pairs = Array.isArray(extra) ? (extra as readonly { readonly name: string; readonly value: string }[]).map(({ name, value }) => [name, value] as const) : Object.entries(extra as Readonly<Record<string, string>>);
  return pairs.map(([name, value]) => `--${name}=${value}`);
}
