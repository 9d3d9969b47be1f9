// Groups under k8s.io and kubernetes.io belong to the project: definitions there say where the API was approved.

export const approvalAnnotation = 'api-approved.kubernetes.io';

export function isProtectedGroup(group: string): boolean {
  return ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));
}

export interface ApiApproval {
  readonly state: 'missing' | 'bypassed' | 'approved' | 'invalid';
  readonly reason: string;
}

const enhancement = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** What the annotations say about the approval. */
export function apiApproval(annotations: Readonly<Record<string, string>> | undefined): ApiApproval {
  const text = annotations?.[approvalAnnotation] ?? '';
  const quoted = JSON.stringify(approvalAnnotation);
  if (text === '') return { state: 'missing', reason: `protected groups must have approval annotation ${quoted}, ${enhancement}` };
  if (text.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: ${JSON.stringify(text)}` };
  if (isAbsoluteUrl(text)) return { state: 'approved', reason: `approved in ${text}` };
  return { state: 'invalid', reason: `protected groups must have approval annotation ${quoted} with either a URL or a reason starting with "unapproved", ${enhancement}` };
}

function isAbsoluteUrl(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#\s]+/.test(text) && URL.canParse(text);
}
