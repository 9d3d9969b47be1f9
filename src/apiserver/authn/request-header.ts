// Identity from headers (X-Remote-User and its kin), for callers that show a certificate of the front proxy's CA under an
// allowed name: how an aggregating server or an authenticating proxy passes on who asked it.
import { unauthorized } from '#machinery';
import type { Authenticator } from '../contract.ts';
import type { CertificateTest } from './certificates.ts';
import { extraHeaders } from './extra-headers.ts';
import { known } from './groups.ts';
import { headerValue, headerValues, type SentHeaders } from './header-values.ts';

export interface RequestHeaderSettings {
  /** Common names that may relay; empty: every certificate of the CA. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** The names that kubeadm and everybody else uses. */
export const commonHeaders: RequestHeaderSettings = {
  allowedNames: ['front-proxy-client'], usernameHeaders: ['X-Remote-User'], uidHeaders: ['X-Remote-Uid'], groupHeaders: ['X-Remote-Group'], extraHeaderPrefixes: ['X-Remote-Extra-'],
};

function firstOf(sent: SentHeaders, names: readonly string[]): string {
  for (const name of names) {
    const value = headerValue(sent, name);
    if (value !== '') return value;
  }
  return '';
}

export function requestHeaderAuthenticator(settings: RequestHeaderSettings, isProxyCertificate: CertificateTest): Authenticator {
  const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());
  const users = lower(settings.usernameHeaders);
  const uids = lower(settings.uidHeaders);
  const groupNames = lower(settings.groupHeaders);
  const prefixes = lower(settings.extraHeaderPrefixes);
  return {
    name: 'requestheader',
    async authenticate(exchange) {
      const certificate = exchange.peer.certificate;
      if (certificate === undefined) return undefined;
      const name = firstOf(exchange, users);
      if (!isProxyCertificate(certificate.der)) return undefined;
      if (settings.allowedNames.length > 0 && !settings.allowedNames.includes(certificate.commonName)) throw unauthorized();
      if (name === '') return undefined;
      const uid = firstOf(exchange, uids);
      const groups = groupNames.flatMap((header) => headerValues(exchange, header)).filter((group) => group !== '');
      return known({ name, groups, extra: extraHeaders(exchange, prefixes), ...(uid === '' ? {} : { uid }) });
    },
  };
}
