// Fields that a resource's strategy resets on a path: whoever writes the main resource cannot own status,
// whoever writes status cannot own spec. Nobody becomes the owner of what his write could not change.
import { leaf, recursiveDifference, type FieldSet, type FieldSetBuilder } from './field-set.ts';

/** `exclude`: these paths (dotted) are never owned. `only`: nothing but these; `*` stands for any step. */
export type ResetFields = { readonly exclude: readonly string[] } | { readonly only: readonly string[] };

const statusOnMain: ResetFields = { exclude: ['status'] };
const specOnStatus: ResetFields = { exclude: ['spec'] };
const allButStatus: ResetFields = { exclude: ['metadata', 'spec'] };

/** Types whose status path resets more than spec, and other exceptions, as "type/subresource". */
const exceptions: Readonly<Record<string, ResetFields>> = {
  'core.v1.Pod/status': { exclude: ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'] },
  'core.v1.Pod/ephemeralcontainers': { only: ['spec.ephemeralContainers'] },
  'core.v1.Pod/resize': {
    only: ['spec.containers.*.resources', 'spec.containers.*.resizePolicy', 'spec.initContainers.*.resources', 'spec.initContainers.*.resizePolicy'],
  },
  'core.v1.Namespace/finalize': { exclude: ['status'] },
  'certificates.v1.CertificateSigningRequest/': { exclude: ['spec', 'status'] },
  'certificates.v1.CertificateSigningRequest/status': { exclude: ['spec', 'status.conditions'] },
  'certificates.v1.CertificateSigningRequest/approval': { exclude: ['spec', 'status.certificate'] },
  'apps.v1.Deployment/status': { exclude: ['spec', 'metadata.labels'] },
  'networking.v1.ServiceCIDR/status': allButStatus,
  'resource.v1.ResourceClaim/status': allButStatus,
  'storage.v1.VolumeAttachment/status': allButStatus,
  'admissionregistration.v1.ValidatingAdmissionPolicy/status': allButStatus,
  'flowcontrol.v1.FlowSchema/status': allButStatus,
  'flowcontrol.v1.PriorityLevelConfiguration/status': allButStatus,
  'apiregistration.v1.APIService/status': allButStatus,
};

/** What upstream's strategy of this type resets; custom resources (no type) as those with a status subresource. */
export function resetFieldsOf(type: string | undefined, subresource: string): ResetFields | undefined {
  const exception = exceptions[`${type ?? ''}/${subresource}`];
  if (exception !== undefined) return exception;
  if (subresource === 'status') return type === undefined ? allButStatus : specOnStatus;
  return subresource === '' ? statusOnMain : undefined;
}

const excluded = new WeakMap<ResetFields, FieldSet>();

/** `set` without what is reset. */
export function filterReset(set: FieldSet, reset: ResetFields | undefined): FieldSet {
  if (reset === undefined) return set;
  if ('only' in reset) {
    let out: FieldSetBuilder = {};
    for (const path of reset.only) out = { ...out, ...pick(set, path.split('.'), out as FieldSet) };
    return out as FieldSet;
  }
  let without = excluded.get(reset);
  if (without === undefined) {
    const built: FieldSetBuilder = {};
    for (const path of reset.exclude) insert(built, path.split('.'));
    without = built as FieldSet;
    excluded.set(reset, without);
  }
  return recursiveDifference(set, without);
}

function insert(set: FieldSetBuilder, path: readonly string[]): void {
  const [first, ...rest] = path;
  if (first === undefined) return;
  const key = `f:${first}`;
  if (rest.length === 0) {
    set[key] = leaf;
    return;
  }
  const child: FieldSetBuilder = { ...(set[key] as FieldSetBuilder | undefined) };
  insert(child, rest);
  set[key] = child;
}

/** What of `set` lies at or below the pattern, merged into what was `kept` before. */
function pick(set: FieldSet, pattern: readonly string[], kept: FieldSet): FieldSetBuilder {
  const [first, ...rest] = pattern;
  const out: FieldSetBuilder = { ...kept };
  for (const key of Object.keys(set)) {
    if (key === '.' || (first !== '*' && key !== `f:${first ?? ''}`)) continue;
    const node = set[key] ?? leaf;
    if (rest.length === 0) {
      out[key] = node;
      continue;
    }
    const child: FieldSetBuilder = pick(node, rest, (out[key] as FieldSet | undefined) ?? leaf);
    if ('.' in node || Object.keys(node).length === 0) child['.'] = leaf;
    if (Object.keys(child).length > 0) out[key] = child;
  }
  return out;
}
