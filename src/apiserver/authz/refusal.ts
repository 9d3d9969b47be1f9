// The 403 of a request that nobody allowed, in upstream's words: `pods "p" is forbidden: User "jane" cannot get
// resource "pods" in API group "" in the namespace "x"`.
import { forbidden, goQuote, type StatusError } from '#machinery';
import type { Attributes } from '../contract.ts';

/** The refusal's message, without the leading object part. */
export function forbiddenText(a: Attributes): string {
  const user = `User ${goQuote(a.user.name)}`;
  if (!a.isResourceRequest) return `${user} cannot ${a.verb} path ${goQuote(a.path)}`;
  const resource = a.subresource === '' ? a.resource : `${a.resource}/${a.subresource}`;
  const where = a.namespace === '' ? 'at the cluster scope' : `in the namespace ${goQuote(a.namespace)}`;
  return `${user} cannot ${a.verb} resource ${goQuote(resource)} in API group ${goQuote(a.apiGroup)} ${where}`;
}

/** Texts of the request come back in an answer that a browser may show. */
function harmless(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function refusal(a: Attributes, reason: string): StatusError {
  const text = harmless(forbiddenText(a)) + (reason === '' ? '' : `: ${reason}`);
  return forbidden({ group: a.apiGroup, resource: a.isResourceRequest ? a.resource : '' }, a.name, text);
}
