// The variables that expressions of admission see: object, oldObject, request, namespaceObject and, where there are,
// params, authorizer and variables (upstream's pkg/admission/plugin/cel/compile.go). Objects are dynamic, the request
// and the namespace have types.
import type { CelType, Environment } from '../contract.ts';
import { authorizerType, resourceCheckType } from '../library/authorizer.ts';
import { jsonPatchFunctions, kubernetesEnvironment } from '../library/environment.ts';
import { typeProvider, type Declared } from '../schema/declared.ts';
import { boolType, dynType, intType, listType, mapType, objectType, stringType, timestampType } from '../types/types.ts';
import { mutationTypes } from './mutation-types.ts';
import { declaredTypes, typeTable } from './object-types.ts';

const kind = objectType('kubernetes.GroupVersionKind');
const resource = objectType('kubernetes.GroupVersionResource');
const texts = listType(stringType);

const admissionTypes = declaredTypes(
  typeTable({
    'kubernetes.GroupVersionKind': { group: stringType, version: stringType, kind: stringType },
    'kubernetes.GroupVersionResource': { group: stringType, version: stringType, resource: stringType },
    'kubernetes.UserInfo': { username: stringType, uid: stringType, groups: texts, extra: mapType(stringType, texts) },
    'kubernetes.AdmissionRequest': {
      kind, resource, subResource: stringType, requestKind: kind, requestResource: resource, requestSubResource: stringType, name: stringType, namespace: stringType,
      operation: stringType, userInfo: objectType('kubernetes.UserInfo'), dryRun: boolType, options: dynType,
    },
    'kubernetes.NamespaceSpec': { finalizers: texts },
    'kubernetes.NamespaceCondition': { status: stringType, type: stringType, lastTransitionTime: timestampType, message: stringType, reason: stringType },
    'kubernetes.NamespaceStatus': { conditions: listType(objectType('kubernetes.NamespaceCondition')), phase: stringType },
    'kubernetes.NamespaceMetadata': {
      name: stringType, generateName: stringType, namespace: stringType, labels: mapType(stringType, stringType), annotations: mapType(stringType, stringType), UID: stringType,
      creationTimestamp: timestampType, deletionGracePeriodSeconds: intType, deletionTimestamp: timestampType, generation: intType, resourceVersion: stringType, finalizers: texts,
    },
    'kubernetes.Namespace': { metadata: objectType('kubernetes.NamespaceMetadata'), spec: objectType('kubernetes.NamespaceSpec'), status: objectType('kubernetes.NamespaceStatus') },
  }),
);

/** Which variables there are besides the ones that always are. */
export interface AdmissionVariables {
  readonly params: boolean;
  readonly authorizer: boolean;
  /** Object{…} and JSONPatch{…}, for mutations. */
  readonly patchTypes?: boolean;
}

const environments = new Map<string, Environment>();

/** One environment per combination, made when it is first needed. */
export function admissionEnvironment({ params, authorizer, patchTypes = false }: AdmissionVariables): Environment {
  const key = `${params}/${authorizer}/${patchTypes}`;
  let known = environments.get(key);
  if (known === undefined) {
    const variables: Record<string, CelType> = {
      object: dynType, oldObject: dynType, namespaceObject: objectType('kubernetes.Namespace'), request: objectType('kubernetes.AdmissionRequest'),
      ...(params ? { params: dynType } : {}),
      ...(authorizer ? { authorizer: authorizerType, 'authorizer.requestResource': resourceCheckType } : {}),
    };
    known = kubernetesEnvironment().extend({ variables, provider: admissionTypes });
    if (patchTypes) known = known.extend({ functions: jsonPatchFunctions, provider: mutationTypes });
    environments.set(key, known);
  }
  return known;
}

/** For checking types: what is known of the object and, where the policy has parameters, of those. */
export function typedAdmissionEnvironment(object: Declared | undefined, params: { readonly declared: Declared | undefined } | undefined): Environment {
  const shown = object?.type ?? dynType;
  const roots = [object, params?.declared].filter((root) => root !== undefined);
  const variables: Record<string, CelType> = {
    object: shown, oldObject: shown, namespaceObject: objectType('kubernetes.Namespace'), request: objectType('kubernetes.AdmissionRequest'), authorizer: authorizerType,
    ...(params === undefined ? {} : { params: params.declared?.type ?? dynType }),
  };
  return kubernetesEnvironment().extend({ variables, provider: admissionTypes }).extend({ provider: typeProvider(roots, { keywordFields: true }) });
}
