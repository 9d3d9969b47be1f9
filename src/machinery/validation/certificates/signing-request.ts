// CertificateSigningRequests: what may be asked, and who may write which part of the status. What an older server
// let pass stays acceptable in updates of the object that has it.
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#api/certificates/v1.ts';
import { parseCertificate, parseCsr, pemBlocks } from '#wire';
import { addAll, child, duplicate, forbiddenField, goQuote, index, invalidValue, isEnough, notSupported, required, type FieldError } from '../../field-errors.ts';
import { checkSignerName } from '../core/fields.ts';
import { structDiff } from '../core/unified-diff.ts';
import { sameValue, validateObjectMetaUpdate, validateStandardFinalizers } from '../meta/object-meta.ts';
import { checkMeta, kind } from '../validator.ts';

type Csr = CertificateSigningRequest;
type Part = 'main' | 'status' | 'approval';

const usages = [
  'any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment', 'decipher only', 'digital signature', 'email protection',
  'encipher only', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc', 'netscape sgc', 'ocsp signing', 's/mime',
  'server auth', 'signing', 'timestamping',
];
const legacySigner = 'kubernetes.io/legacy-unknown';
const decided = ['Approved', 'Denied'];
const onlyTrue = [...decided, 'Failed'];
const statusesPath = 'status.conditions';
const leastSeconds = 600;

function conditionsOf(csr: Csr | undefined): readonly CertificateSigningRequestCondition[] {
  return csr?.status?.conditions ?? [];
}

function ofType(csr: Csr | undefined, type: string): readonly CertificateSigningRequestCondition[] {
  return conditionsOf(csr).filter((condition) => condition.type === type);
}

function hasTwice(values: readonly string[]): boolean {
  return new Set(values).size < values.length;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function requestError(request: string): string | undefined {
  try {
    parseCsr(Buffer.from(request, 'base64').toString('latin1'));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function certificateError(data: string): string | undefined {
  const text = Buffer.from(data, 'base64').toString('latin1');
  if (text === '') return undefined;
  const blocks = pemBlocks(text);
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const block of blocks) {
    if (block.label !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${goQuote(block.label)}`;
    try {
      parseCertificate(block.der);
    } catch (error) {
      return messageOf(error);
    }
  }
  return undefined;
}

function checkUsages(csr: Csr, old: Csr | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const path = 'spec.usages';
  const list = csr.spec?.usages ?? [];
  const before = old?.spec?.usages ?? [];
  if (list.length === 0) errors.push(required(path, ''));
  if (before.every((usage) => usages.includes(usage))) {
    for (const [i, usage] of list.entries()) if (!isEnough(errors) && !usages.includes(usage)) errors.push(notSupported(index(path, i), usage, usages));
  }
  if (hasTwice(before)) return errors;
  const seen = new Set<string>();
  for (const [i, usage] of list.entries()) {
    if (isEnough(errors)) break;
    if (seen.has(usage)) errors.push(duplicate(index(path, i), usage));
    seen.add(usage);
  }
  return errors;
}

function checkConditions(csr: Csr, old: Csr | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const before = conditionsOf(old).map((condition) => condition.type);
  const oldTypes = new Set(before);
  const mayBeBoth = decided.every((type) => oldTypes.has(type));
  const mayRepeat = hasTwice(before);
  const seen = new Set<string>();
  for (const [i, condition] of conditionsOf(csr).entries()) {
    if (isEnough(errors)) break;
    const { type = '', status = '' } = condition;
    const at = index(statusesPath, i);
    if (type === '' && !oldTypes.has('')) errors.push(required(child(at, 'type'), ''));
    const allowed = onlyTrue.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (status === '') errors.push(required(child(at, 'status'), ''));
    else if (!allowed.includes(status)) errors.push(notSupported(child(at, 'status'), status, allowed));
    const other = type === 'Approved' ? 'Denied' : 'Approved';
    if (!mayBeBoth && decided.includes(type) && seen.has(other)) errors.push(invalidValue(statusesPath, type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type) && !mayRepeat) errors.push(duplicate(child(at, 'type'), type));
    seen.add(type);
  }
  return errors;
}

function checkRequest(csr: Csr, old?: Csr): FieldError[] {
  const errors = checkMeta(csr.metadata, false, () => []);
  const { signerName = '', expirationSeconds } = csr.spec ?? {};
  const request = csr.spec?.request ?? '';
  const error = requestError(request);
  if (error !== undefined) errors.push(invalidValue('spec.request', csr.spec?.request, error));
  addAll(errors, checkUsages(csr, old));
  if (signerName === legacySigner && old?.spec?.signerName !== legacySigner) {
    errors.push(invalidValue('spec.signerName', signerName, 'the legacy signerName is not allowed via this API version'));
  } else {
    addAll(errors, checkSignerName(signerName, 'spec.signerName'));
  }
  if (typeof expirationSeconds === 'number' && expirationSeconds < leastSeconds) {
    errors.push(invalidValue('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
  }
  addAll(errors, checkConditions(csr, old));
  const certificate = csr.status?.certificate ?? '';
  const before = old?.status?.certificate ?? '';
  const mayBeAnything = before !== '' && certificate === before && certificateError(before) !== undefined;
  const bad = mayBeAnything ? undefined : certificateError(certificate);
  if (bad !== undefined) errors.push(invalidValue('status.certificate', '<certificate data>', bad));
  return errors;
}

function checkDecision(csr: Csr, old: Csr): FieldError[] {
  return decided.flatMap((type) => {
    const [before, after] = [ofType(old, type), ofType(csr, type)];
    if (after.length < before.length) return [];
    if (after.length > before.length) return [forbiddenField(statusesPath, `updates may not add a condition of type ${goQuote(type)}`)];
    if (sameValue(after, before)) return [];
    return [forbiddenField(statusesPath, `updates may not modify a condition of type ${goQuote(type)}\n${structDiff('certificates.v1.CertificateSigningRequestCondition', before, after)}`)];
  });
}

function checkUpdate(part: Part): (csr: Csr, old: Csr) => FieldError[] {
  return (csr, old) => {
    const errors = checkRequest(csr, old);
    for (const type of onlyTrue) {
      if (ofType(csr, type).length < ofType(old, type).length) errors.push(forbiddenField(statusesPath, `updates may not remove a condition of type ${goQuote(type)}`));
    }
    if (part !== 'approval') addAll(errors, checkDecision(csr, old));
    const [after, before] = [csr.status?.certificate ?? '', old.status?.certificate ?? ''];
    if (after !== before && part !== 'status') errors.push(forbiddenField('status.certificate', 'updates may not set certificate content'));
    else if (after !== before && before !== '') errors.push(forbiddenField('status.certificate', 'updates may not modify existing certificate content'));
    return [...errors, ...validateObjectMetaUpdate(csr.metadata, old.metadata), ...validateStandardFinalizers(csr.metadata)];
  };
}

export const certificateSigningRequest = kind<Csr>({
  create: checkRequest,
  update: checkUpdate('main'),
  subresources: { status: checkUpdate('status'), approval: checkUpdate('approval') },
});
