// The door of the API server's room.
export { createApiServer, type ApiServer, type ApiServerConfig } from './server.ts';
export { defaultAuditOptions, openAudit, type Auditor, type AuditOptions } from './audit/index.ts';
export { serverIdentity } from './bootstrap/identity-lease.ts';
export { kubeletTarget } from './endpoints/kubelet-target.ts';
export { openEncryption, type Encryption, type EncryptionOptions } from './encryption/index.ts';
export { defaultSecurity, type AuthorizationMode, type SecuritySettings } from './default-security.ts';
export { roleFeatures } from './authz/feature-roles.ts';
export { openExternalSigner, signedBy } from './authn/index.ts';
export { openEgressSelector, type Egress, type EgressSelector } from './egress/index.ts';
export { publishTrustedClients, type TrustedClients } from './bootstrap/trusted-clients.ts';
export { defaultFlowLimits, type FlowLimits } from './flowcontrol/index.ts';
export type {
  AdmissionPlugin, AdmissionRequest, Attributes, Authenticator, Authorizer, ConnectTarget, CreateCall, Creator, ForwardOptions, Identity, KubeObject, NodeProxy, ObjectReader,
  ObjectWriter, Operation, PostStartHook, RequestInfo, Security, SecurityPorts, Verdict,
} from './contract.ts';
export { pluginChoiceErrors, readAdmissionConfiguration } from './admission/index.ts';
