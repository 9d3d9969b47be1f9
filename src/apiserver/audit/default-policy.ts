// The policy that `audit: default` of a cluster's configuration switches on: every change with what was sent, who reads
// what as metadata, nothing of the cluster's own heartbeat. Secrets, config maps and tokens are recorded as metadata
// only, so that their content never reaches a log.

export const defaultPolicyText = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
# Health checks, discovery and metrics.
- level: None
  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/version/", "/metrics", "/openapi/*", "/api", "/api/*", "/apis", "/apis/*", "/.well-known/*"]
# The heartbeat of nodes and of leader election, and events, which are a log of their own.
- level: None
  resources:
  - {group: coordination.k8s.io, resources: [leases]}
  - {group: "", resources: [events]}
  - {group: events.k8s.io, resources: [events]}
# What must not be in a log: only who did what.
- level: Metadata
  resources:
  - {group: "", resources: [secrets, configmaps, serviceaccounts/token]}
  - {group: authentication.k8s.io, resources: [tokenreviews, selfsubjectreviews]}
  - {group: authorization.k8s.io}
# The control plane and the nodes look around all the time.
- level: None
  userGroups: [system:nodes]
  verbs: [get, list, watch]
- level: None
  users: [system:kube-controller-manager, system:kube-scheduler, system:kube-proxy, system:apiserver]
  verbs: [get, list, watch]
- level: None
  userGroups: ["system:serviceaccounts:kube-system"]
  verbs: [get, list, watch]
- level: None
  userGroups: [system:nodes]
  resources:
  - {group: "", resources: [nodes/status, pods/status]}
# Reading and streams.
- level: Metadata
  verbs: [get, list, watch, connect]
- level: Metadata
  resources:
  - {group: "", resources: [pods/exec, pods/attach, pods/portforward, pods/proxy, services/proxy, nodes/proxy]}
# Every change, with what was sent.
- level: Request
`;
