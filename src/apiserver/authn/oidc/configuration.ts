// What an AuthenticationConfiguration says of JWTs, checked with upstream's texts and compiled. The --oidc-* flags are one
// such authenticator too.
import type { AuthenticationConfiguration, ClaimMappings, ClaimValidationRule, Issuer, JWTAuthenticator, PrefixedClaimOrExpression, UserValidationRule } from '#api/apiserver/v1.ts';
import { aggregateText, invalidValue, required, tooMany, type FieldError } from '#machinery';
import { pemBlocks } from '#wire';
import { compileExpression, isExpression, selects, type Expression } from '../../configuration/expressions.ts';
import { domainPrefixedPathErrors } from '../domain-prefixed-path.ts';

export interface JwtSettings {
  readonly issuer: Issuer & { readonly url: string; readonly audiences: readonly string[] };
  readonly mappings: ClaimMappings;
  /** Claims that must have this value. */
  readonly required: ReadonlyMap<string, string>;
  readonly username: Expression | undefined;
  readonly groups: Expression | undefined;
  readonly uid: Expression | undefined;
  readonly extra: readonly { readonly key: string; readonly expression: Expression }[];
  readonly claimRules: readonly { readonly expression: Expression; readonly message: string }[];
  readonly userRules: readonly { readonly expression: Expression; readonly message: string }[];
}

/** Gathers errors while it compiles. */
class Findings {
  readonly errors: FieldError[] = [];

  add(...errors: readonly FieldError[]): void {
    this.errors.push(...errors);
  }

  compile(field: string, text: string, over: 'claims' | 'user', isCondition: boolean): Expression | undefined {
    const compiled = compileExpression(field, text, over, isCondition);
    if (isExpression(compiled)) return compiled;
    this.errors.push(compiled);
    return undefined;
  }
}

function duplicateOf(field: string, badValue: string): FieldError {
  return { type: 'Duplicate', field, badValue, detail: '' };
}

function urlErrors(field: string, text: string, disallowed: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  if (disallowed.includes(text)) errors.push(invalidValue(field, text, `URL must not overlap with disallowed issuers: [${disallowed.toSorted().join(' ')}]`));
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:') errors.push(invalidValue(field, text, 'URL scheme must be https'));
  if (url !== undefined && (url.username !== '' || url.password !== '')) errors.push(invalidValue(field, text, 'URL must not contain a username or password'));
  if (url !== undefined && url.search !== '') errors.push(invalidValue(field, text, 'URL must not contain a query'));
  if (url !== undefined && url.hash !== '') errors.push(invalidValue(field, text, 'URL must not contain a fragment'));
  return errors;
}

function issuerErrors(issuer: Issuer, path: string, disallowed: readonly string[]): FieldError[] {
  const { url = '', discoveryURL = '', certificateAuthority = '', audiences = [], audienceMatchPolicy = '', egressSelectorType = '' } = issuer;
  const errors: FieldError[] = url === '' ? [required(`${path}.url`, '')] : urlErrors(`${path}.url`, url, disallowed);
  if (discoveryURL !== '') {
    if (url !== '' && url.replace(/\/+$/, '') === discoveryURL.replace(/\/+$/, '')) errors.push(invalidValue(`${path}.discoveryURL`, discoveryURL, 'discoveryURL must be different from URL'));
    errors.push(...urlErrors(`${path}.discoveryURL`, discoveryURL, []));
  }
  if (audiences.length === 0) errors.push(required(`${path}.audiences`, `at least one ${path}.audiences is required`));
  for (const [at, audience] of audiences.entries()) {
    if (audience === '') errors.push(required(`${path}.audiences[${at}]`, ''));
    if (audiences.indexOf(audience) < at) errors.push(duplicateOf(`${path}.audiences[${at}]`, audience));
  }
  if (audiences.length > 1 && audienceMatchPolicy !== 'MatchAny') errors.push(invalidValue(`${path}.audienceMatchPolicy`, audienceMatchPolicy, 'audienceMatchPolicy must be MatchAny for multiple audiences'));
  if (audiences.length === 1 && audienceMatchPolicy !== '' && audienceMatchPolicy !== 'MatchAny') {
    errors.push(invalidValue(`${path}.audienceMatchPolicy`, audienceMatchPolicy, 'audienceMatchPolicy must be empty or MatchAny for single audience'));
  }
  if (certificateAuthority !== '' && !pemBlocks(certificateAuthority).some(({ label }) => label === 'CERTIFICATE')) {
    errors.push(invalidValue(`${path}.certificateAuthority`, '<omitted>', 'data does not contain any valid RSA or ECDSA certificates'));
  }
  if (egressSelectorType !== '' && egressSelectorType !== 'controlplane' && egressSelectorType !== 'cluster') errors.push(invalidValue(`${path}.egressSelectorType`, egressSelectorType, 'egress selector must be either controlplane or cluster'));
  return errors;
}

function prefixed(findings: Findings, mapping: PrefixedClaimOrExpression | undefined, path: string, isRequired: boolean): Expression | undefined {
  const { claim = '', expression = '', prefix } = mapping ?? {};
  if (claim !== '' && expression !== '') findings.add(invalidValue(path, '', "claim and expression can't both be set"));
  else if (claim === '' && expression === '') {
    if (isRequired) findings.add(required(path, 'claim or expression is required'));
  } else if (expression !== '') {
    if (prefix !== undefined) findings.add(invalidValue(`${path}.prefix`, prefix, 'may not be specified when expression is set'));
    return findings.compile(`${path}.expression`, expression, 'claims', false);
  } else if (prefix === undefined) findings.add(required(`${path}.prefix`, 'prefix is required when claim is set. It can be set to an empty string to disable prefixing'));
  return undefined;
}

function claimRules(findings: Findings, rules: readonly ClaimValidationRule[], path: string): Pick<JwtSettings, 'required' | 'claimRules'> {
  const wanted = new Map<string, string>();
  const seen = new Set<string>();
  const compiled: { expression: Expression; message: string }[] = [];
  for (const [at, { claim = '', requiredValue = '', expression = '', message = '' }] of rules.entries()) {
    const own = `${path}[${at}]`;
    if (claim !== '' && expression !== '') findings.add(invalidValue(own, claim, "claim and expression can't both be set"));
    else if (claim === '' && expression === '') findings.add(required(own, 'claim or expression is required'));
    else if (claim !== '') {
      if (message !== '') findings.add(invalidValue(`${own}.message`, message, 'may not be specified when claim is set'));
      if (wanted.has(claim)) findings.add(duplicateOf(`${own}.claim`, claim));
      wanted.set(claim, requiredValue);
    } else {
      if (requiredValue !== '') findings.add(invalidValue(`${own}.requiredValue`, requiredValue, 'may not be specified when expression is set'));
      if (seen.has(expression)) findings.add(duplicateOf(`${own}.expression`, expression));
      else {
        const made = findings.compile(`${own}.expression`, expression, 'claims', true);
        if (made !== undefined) compiled.push({ expression: made, message });
      }
      seen.add(expression);
    }
  }
  return { required: wanted, claimRules: compiled };
}

function isReserved(key: string): boolean {
  const domain = key.includes('/') ? (key.split('/')[0] ?? '') : '';
  return ['kubernetes.io', 'k8s.io'].some((reserved) => domain === reserved || domain.endsWith(`.${reserved}`));
}

function extraMappings(findings: Findings, mappings: NonNullable<ClaimMappings['extra']>, path: string): JwtSettings['extra'] {
  const seen = new Set<string>();
  return mappings.flatMap(({ key = '', valueExpression = '' }, at) => {
    const own = `${path}[${at}]`;
    findings.add(...domainPrefixedPathErrors(`${own}.key`, key));
    if (key !== key.toLowerCase()) findings.add(invalidValue(`${own}.key`, key, 'must be lowercase'));
    if (isReserved(key)) findings.add(invalidValue(`${own}.key`, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'));
    if (seen.has(key)) {
      findings.add(duplicateOf(`${own}.key`, key));
      return [];
    }
    seen.add(key);
    const expression = findings.compile(`${own}.valueExpression`, valueExpression, 'claims', false);
    return expression === undefined ? [] : [{ key, expression }];
  });
}

function userRules(findings: Findings, rules: readonly UserValidationRule[], path: string): JwtSettings['userRules'] {
  const seen = new Set<string>();
  return rules.flatMap(({ expression = '', message = '' }, at) => {
    const field = `${path}[${at}].expression`;
    if (expression !== '' && seen.has(expression)) {
      findings.add(duplicateOf(field, expression));
      return [];
    }
    seen.add(expression);
    const compiled = findings.compile(field, expression, 'user', true);
    return compiled === undefined ? [] : [{ expression: compiled, message }];
  });
}

function compileAuthenticator(authenticator: JWTAuthenticator, path: string, disallowed: readonly string[], findings: Findings): JwtSettings {
  const { issuer = {}, claimMappings: mappings = {} } = authenticator;
  findings.add(...issuerErrors(issuer, `${path}issuer`, disallowed));
  const rules = claimRules(findings, authenticator.claimValidationRules ?? [], `${path}claimValidationRules`);
  const at = `${path}claimMappings`;
  const username = prefixed(findings, mappings.username, `${at}.username`, true);
  const groups = prefixed(findings, mappings.groups, `${at}.groups`, false);
  if ((mappings.uid?.claim ?? '') !== '' && (mappings.uid?.expression ?? '') !== '') findings.add(invalidValue(`${at}.uid`, '', "claim and expression can't both be set"));
  const uidText = mappings.uid?.expression ?? '';
  const uid = uidText === '' ? undefined : findings.compile(`${at}.uid.expression`, uidText, 'claims', false);
  const extra = extraMappings(findings, mappings.extra ?? [], `${at}.extra`);
  const proving = [username, ...rules.claimRules.map((rule) => rule.expression), ...extra.map((mapping) => mapping.expression)];
  if (username !== undefined && selects(username, 'claims', 'email') && !proving.some((each) => each !== undefined && selects(each, 'claims', 'email_verified'))) {
    findings.add(invalidValue(`${at}.username.expression`, username.text, 'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression'));
  }
  return {
    issuer: { ...issuer, url: issuer.url ?? '', audiences: issuer.audiences ?? [] }, mappings, username, groups, uid, extra, ...rules,
    userRules: userRules(findings, authenticator.userValidationRules ?? [], `${path}userValidationRules`),
  };
}

/** Throws an Error with everything that is wrong. @param disallowed issuers of service account tokens. */
export function compileJwtAuthenticators({ jwt = [], anonymous }: AuthenticationConfiguration, disallowed: readonly string[]): JwtSettings[] {
  const findings = new Findings();
  if (jwt.length > 64) throw new Error(aggregateText([tooMany('jwt', jwt.length, 64)]));
  const seen = new Set<string>();
  const compiled = jwt.map((authenticator, at) => {
    const settings = compileAuthenticator(authenticator, `jwt[${at}].`, disallowed, findings);
    const { url, discoveryURL = '' } = settings.issuer;
    if (seen.has(`issuer ${url}`)) findings.add(duplicateOf(`jwt[${at}].issuer.url`, url));
    if (discoveryURL !== '' && seen.has(`discovery ${discoveryURL}`)) findings.add(duplicateOf(`jwt[${at}].issuer.discoveryURL`, discoveryURL));
    seen.add(`issuer ${url}`).add(`discovery ${discoveryURL}`);
    return settings;
  });
  if (anonymous !== undefined && anonymous.enabled !== true && (anonymous.conditions ?? []).length > 0) {
    findings.add(invalidValue('anonymous.conditions', anonymous.conditions, 'enabled should be set to true when conditions are defined'));
  }
  if (findings.errors.length > 0) throw new Error(aggregateText(findings.errors));
  return compiled;
}
