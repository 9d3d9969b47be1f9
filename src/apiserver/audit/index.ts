// The door of auditing.
export { createAuditor, type Auditor, type AuditorOptions } from './auditor.ts';
export { defaultAuditOptions, openAudit, type AuditOptions } from './options.ts';
