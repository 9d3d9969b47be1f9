// Requests that mean no resource: discovery, the version, and the issuer of service account tokens. Each has a
// document of its own in v3, named by its path.
import { groupId, groupTag, groupVersionPath, objectEncodings, pascal, type Operation } from './operations.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

export const versionDefinition = 'io.k8s.apimachinery.pkg.version.Info';

type Row = Pick<Operation, 'path' | 'operationId' | 'description' | 'tag' | 'response'> & Partial<Operation>;

function read(row: Row): Operation {
  return { method: 'get', parameters: [], body: undefined, consumes: objectEncodings, produces: objectEncodings, alsoAnswers: [], ...row };
}

/** The request that lists what a group and version serve. */
export function discoveryOperation(group: string, version: string): Operation {
  return read({
    path: `${groupVersionPath(group, version)}/`, operationId: `get${groupId(group)}${pascal(version)}APIResources`, description: 'get available resources', tag: `${groupTag(group)}_${version}`,
    response: `${meta}.APIResourceList`,
  });
}

export interface ServerDocument {
  /** "apis/apps" */
  readonly name: string;
  readonly operation: Operation;
}

/** The documents besides those of groups' versions. */
export function serverDocuments(groups: readonly string[]): ServerDocument[] {
  const versions = 'get available API versions';
  return [
    { name: 'api', operation: read({ path: '/api/', operationId: 'getCoreAPIVersions', description: versions, tag: 'core', response: `${meta}.APIVersions` }) },
    { name: 'apis', operation: read({ path: '/apis/', operationId: 'getAPIVersions', description: versions, tag: 'apis', response: `${meta}.APIGroupList` }) },
    ...groups.filter((group) => group !== '').map((group) => ({
      name: `apis/${group}`,
      operation: read({ path: `/apis/${group}/`, operationId: `get${groupId(group)}APIGroup`, description: 'get information of a group', tag: groupTag(group), response: `${meta}.APIGroup` }),
    })),
    {
      name: 'version',
      operation: read({
        path: '/version/', operationId: 'getCodeVersion', description: 'get the version information for this server', tag: 'version', response: versionDefinition, consumes: ['application/json'], produces: ['application/json'],
      }),
    },
    {
      name: '.well-known/openid-configuration',
      operation: read({
        path: '/.well-known/openid-configuration/', operationId: 'getServiceAccountIssuerOpenIDConfiguration', tag: 'WellKnown', response: '', consumes: [], produces: ['application/json'],
        description: "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
      }),
    },
    {
      name: 'openid/v1/jwks',
      operation: read({
        path: '/openid/v1/jwks/', operationId: 'getServiceAccountIssuerOpenIDKeyset', tag: 'openid', response: '', consumes: [], produces: ['application/jwk-set+json'],
        description: 'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)',
      }),
    },
  ];
}

/** The bodies of /version in OpenAPI; every field is a text. */
export const versionFields = {
  required: ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform'],
  optional: ['emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor'],
};
