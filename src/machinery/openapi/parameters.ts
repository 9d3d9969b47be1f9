// The query and path parameters of the API, named once for both dialects.

export interface Parameter {
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

export const parameters: Readonly<Record<string, Parameter>> = {
  allowWatchBookmarks: { type: 'boolean', description: 'A watch may carry BOOKMARK events, which tell the resourceVersion reached without a change.' },
  command: { type: 'string', description: 'The command to run, one argument each; it is not run in a shell.' },
  container: { type: 'string', description: 'The container meant; by default the only one, or the one that the pod names as its default.' },
  continue: { type: 'string', description: 'The token of the previous chunk, to list what follows it.' },
  dryRun: { type: 'string', description: 'With "All", every stage runs and nothing is stored.' },
  fieldManager: { type: 'string', description: 'Who makes the change, as server-side apply records it. At most 128 printable characters; needed for apply.' },
  fieldSelector: { type: 'string', description: 'Only objects whose fields match.' },
  fieldValidation: { type: 'string', description: 'What unknown and duplicate fields in the body lead to: Ignore, Warn (the default) or Strict, which refuses them.' },
  follow: { type: 'boolean', description: 'Keep sending what the container writes.' },
  force: { type: 'boolean', description: 'Take over fields that others own. For apply requests only.' },
  gracePeriodSeconds: { type: 'integer', description: 'Seconds until the object is removed; 0 removes it at once.' },
  ignoreStoreReadErrorWithClusterBreakingPotential: { type: 'boolean', description: 'Delete an object that can no longer be read from the store, without finalizers or preconditions.' },
  insecureSkipTLSVerifyBackend: { type: 'boolean', description: "Do not check the node's certificate." },
  labelSelector: { type: 'string', description: 'Only objects whose labels match.' },
  limit: { type: 'integer', description: 'The most items of one chunk; the answer carries a token when there are more.' },
  limitBytes: { type: 'integer', description: 'The most bytes of log to send.' },
  name: { type: 'string', description: 'name of the object' },
  namespace: { type: 'string', description: 'namespace of the object' },
  orphanDependents: { type: 'boolean', description: 'Deprecated: use propagationPolicy.' },
  path: { type: 'string', description: 'The path of the proxied request.' },
  ports: { type: 'integer', description: 'The ports to forward, separated by commas.' },
  pretty: { type: 'string', description: 'With "true", the answer is indented.' },
  previous: { type: 'boolean', description: "The log of the container's previous run." },
  propagationPolicy: { type: 'string', description: 'What becomes of dependents: Orphan, Background or Foreground.' },
  resourceVersion: { type: 'string', description: 'The state asked for; see resourceVersionMatch.' },
  resourceVersionMatch: { type: 'string', description: 'How resourceVersion applies to a list: Exact or NotOlderThan.' },
  sendInitialEvents: { type: 'boolean', description: 'A watch starts with an event for every object, ended by a bookmark.' },
  shardSelector: { type: 'string', description: 'Only objects of one shard.' },
  sinceSeconds: { type: 'integer', description: 'Only log lines of the last seconds.' },
  stderr: { type: 'boolean', description: 'Send the standard error stream.' },
  stdin: { type: 'boolean', description: 'Take a standard input stream.' },
  stdout: { type: 'boolean', description: 'Send the standard output stream.' },
  stream: { type: 'string', description: 'Which log stream: All, Stdout or Stderr.' },
  tailLines: { type: 'integer', description: 'Only the last lines of the log.' },
  timeoutSeconds: { type: 'integer', description: 'The longest that a list or watch may take.' },
  timestamps: { type: 'boolean', description: 'Put a time before every log line.' },
  tty: { type: 'boolean', description: 'Allocate a terminal.' },
  watch: { type: 'boolean', description: 'Send changes as they happen instead of a list.' },
};
