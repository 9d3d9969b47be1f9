// The variables that tell a container where Services are: {NAME}_SERVICE_HOST, {NAME}_SERVICE_PORT and the
// Docker link form. `kubernetes` of the default namespace is always among them.
import type { Service } from '#api/core/v1.ts';

const variableName = (text: string): string => text.toUpperCase().replaceAll('-', '_');

function linkVariables(service: Service, ip: string, out: Map<string, string>): void {
  const prefix = variableName(service.metadata?.name ?? '');
  (service.spec?.ports ?? []).forEach((port, index) => {
    const protocol = port.protocol ?? 'TCP';
    const address = `${protocol.toLowerCase()}://${ip.includes(':') ? `[${ip}]` : ip}:${port.port}`;
    if (index === 0) out.set(`${prefix}_PORT`, address);
    const portPrefix = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    out.set(portPrefix, address);
    out.set(`${portPrefix}_PROTO`, protocol.toLowerCase());
    out.set(`${portPrefix}_PORT`, String(port.port));
    out.set(`${portPrefix}_ADDR`, ip);
  });
}

/** The variables for a pod of `namespace`; Services of that namespace only with `links`. */
export function serviceEnvironment(services: readonly Service[], namespace: string, links: boolean): Map<string, string> {
  const out = new Map<string, string>();
  for (const service of services) {
    const { name = '', namespace: own = '' } = service.metadata ?? {};
    const ip = service.spec?.clusterIP ?? '';
    const first = service.spec?.ports?.[0];
    if (ip === '' || ip === 'None' || first === undefined) continue;
    const master = own === 'default' && name === 'kubernetes';
    if (!master && !(links && own === namespace)) continue;
    const prefix = variableName(name);
    out.set(`${prefix}_SERVICE_HOST`, ip);
    out.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const port of service.spec?.ports ?? []) {
      if (port.name !== undefined && port.name !== '') out.set(`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
    }
    linkVariables(service, ip, out);
  }
  return out;
}
