// The flags of the API server program: one table of name, type, default and help, named as kube-apiserver names them.
// `skiff server --<flag>` and `apiServer.extraArgs` of a cluster's configuration give them; what a cluster made by
// `skiff up` gives by itself is in apiserver-cluster-flags.ts. A new flag is one row here and a reader of its value.
import type { FlagTable, FlagValues } from './flag-parse.ts';

export const apiserverFlags = {
  // Generic
  'advertise-address': { type: 'string', default: '', help: 'IP address on which to advertise the API server to members of the cluster.' },
  'external-hostname': { type: 'string', default: '', help: 'The hostname to use when generating externalized URLs (OpenID Discovery).' },
  'feature-gates': { type: 'gates', default: [], help: 'Comma-separated key=value pairs that turn features on or off.' },
  'emulated-version': { type: 'list', default: [], help: 'The version that the component emulates; only its own is possible.' },
  'allow-privileged': { type: 'bool', default: false, help: 'If true, allow privileged containers.' },
  'runtime-config': { type: 'map', default: {}, help: 'A set of key=value pairs that enable or disable built-in APIs: v1=true|false, <group>/<version>=true|false, api/all=true|false, api/ga=true|false, api/beta=true|false, api/alpha=true|false.' },
  v: { type: 'int', default: 0, help: 'Number for the log level verbosity.' },
  // Serving
  'bind-address': { type: 'string', default: '0.0.0.0', help: 'The IP address on which to listen for the --secure-port port.' },
  'secure-port': { type: 'int', default: 6443, help: 'The port on which to serve HTTPS with authentication and authorization.' },
  'tls-cert-file': { type: 'string', default: '', help: 'File containing the default x509 certificate for HTTPS.' },
  'tls-private-key-file': { type: 'string', default: '', help: 'File containing the default x509 private key matching --tls-cert-file.' },
  'service-cluster-ip-range': { type: 'string', default: '10.0.0.0/24', help: 'A CIDR notation IP range from which to assign service cluster IPs.' },
  'service-node-port-range': { type: 'string', default: '30000-32767', help: 'A port range to reserve for services with NodePort visibility.' },
  'kubelet-client-certificate': { type: 'string', default: '', help: 'Path to a client cert file for TLS to kubelets.' },
  'kubelet-client-key': { type: 'string', default: '', help: 'Path to a client key file for TLS to kubelets.' },
  'kubelet-certificate-authority': { type: 'string', default: '', help: 'Path to a cert file for the certificate authority of kubelets.' },
  'proxy-client-cert-file': { type: 'string', default: '', help: 'Client certificate used to prove the identity of the aggregator when it must call out during a request.' },
  'proxy-client-key-file': { type: 'string', default: '', help: 'Private key for the client certificate used to prove the identity of the aggregator.' },
  // Storage
  'etcd-servers': { type: 'list', default: [], help: 'List of etcd servers to connect with (scheme://ip:port), comma separated; without it the store is embedded.' },
  'data-dir': { type: 'string', default: '/var/lib/skiff', help: 'Where the embedded store keeps its data.' },
  // Authentication
  'anonymous-auth': { type: 'bool', default: true, help: 'Enables anonymous requests to the secure port of the API server. Requests that are not rejected by another authentication method are treated as anonymous requests.' },
  'api-audiences': { type: 'list', default: [], help: 'Identifiers of the API. The service account token authenticator will validate that tokens used against the API are bound to at least one of these audiences.' },
  'authentication-config': { type: 'string', default: '', help: 'File with Authentication Configuration to configure the JWT Token authenticator or the anonymous authenticator. Mutually exclusive with the --oidc-* flags.' },
  'authentication-token-webhook-cache-ttl': { type: 'duration', default: 120_000, help: 'The duration to cache responses from the webhook token authenticator.' },
  'authentication-token-webhook-config-file': { type: 'string', default: '', help: 'File with webhook configuration for token authentication in kubeconfig format.' },
  'authentication-token-webhook-version': { type: 'string', default: 'v1beta1', help: 'The API version of the authentication.k8s.io TokenReview to send to and expect from the webhook.' },
  'client-ca-file': { type: 'string', default: '', help: 'If set, any request presenting a client certificate signed by one of the authorities in the file is authenticated with an identity corresponding to the CommonName of the client certificate.' },
  'enable-bootstrap-token-auth': { type: 'bool', default: false, help: "Enable to allow secrets of type 'bootstrap.kubernetes.io/token' in the 'kube-system' namespace to be used for TLS bootstrapping authentication." },
  'oidc-ca-file': { type: 'string', default: '', help: "If set, the OpenID server's certificate will be verified by one of the authorities in this file." },
  'oidc-client-id': { type: 'string', default: '', help: 'The client ID for the OpenID Connect client, must be set if oidc-issuer-url is set.' },
  'oidc-groups-claim': { type: 'string', default: '', help: 'If provided, the name of a custom OpenID Connect claim for specifying user groups.' },
  'oidc-groups-prefix': { type: 'string', default: '', help: 'If provided, all groups will be prefixed with this value.' },
  'oidc-issuer-url': { type: 'string', default: '', help: 'The URL of the OpenID issuer, only HTTPS scheme will be accepted.' },
  'oidc-required-claim': { type: 'map', default: {}, help: 'A key=value pair that describes a required claim in the ID Token. Repeat this flag to specify multiple claims.' },
  'oidc-signing-algs': { type: 'list', default: ['RS256'], help: 'Comma-separated list of allowed JOSE asymmetric signing algorithms.' },
  'oidc-username-claim': { type: 'string', default: 'sub', help: 'The OpenID claim to use as the user name.' },
  'oidc-username-prefix': { type: 'string', default: '', help: "If provided, all usernames will be prefixed with this value. To skip any prefixing, provide the value '-'." },
  'requestheader-allowed-names': { type: 'list', default: [], help: 'List of client certificate common names to allow to provide usernames in headers. If empty, any client certificate validated by the authorities in --requestheader-client-ca-file is allowed.' },
  'requestheader-client-ca-file': { type: 'string', default: '', help: 'Root certificate bundle to use to verify client certificates on incoming requests before trusting usernames in headers.' },
  'requestheader-extra-headers-prefix': { type: 'list', default: [], help: 'List of request header prefixes to inspect. X-Remote-Extra- is suggested.' },
  'requestheader-group-headers': { type: 'list', default: [], help: 'List of request headers to inspect for groups. X-Remote-Group is suggested.' },
  'requestheader-uid-headers': { type: 'list', default: [], help: 'List of request headers to inspect for UIDs. X-Remote-Uid is suggested.' },
  'requestheader-username-headers': { type: 'list', default: [], help: 'List of request headers to inspect for usernames. X-Remote-User is common.' },
  'service-account-extend-token-expiration': { type: 'bool', default: true, help: 'Turns on projected service account expiration extension during token generation.' },
  'service-account-issuer': { type: 'array', default: [], help: 'Identifier of the service account token issuer. When given several times, the first is used to generate tokens and all are used to determine which issuers are accepted.' },
  'service-account-jwks-uri': { type: 'string', default: '', help: 'Overrides the URI for the JSON Web Key Set in the discovery doc served at /.well-known/openid-configuration.' },
  'service-account-key-file': { type: 'array', default: [], help: 'File containing PEM-encoded x509 RSA or ECDSA private or public keys, used to verify ServiceAccount tokens.' },
  'service-account-lookup': { type: 'bool', default: true, help: 'If true, validate ServiceAccount tokens exist in etcd as part of authentication.' },
  'service-account-max-token-expiration': { type: 'duration', default: 0, help: 'The maximum validity duration of a token created by the service account token issuer.' },
  'service-account-signing-key-file': { type: 'string', default: '', help: 'Path to the file that contains the current private key of the service account token issuer.' },
  'token-auth-file': { type: 'string', default: '', help: 'If set, the file that will be used to secure the secure port of the API server via token authentication.' },
  // Authorization
  'authorization-config': { type: 'string', default: '', help: 'File with Authorization Configuration to configure the authorizer chain. Mutually exclusive with the other --authorization-mode and --authorization-webhook-* flags.' },
  'authorization-mode': { type: 'list', default: [], help: 'Ordered list of plug-ins to do authorization on secure port. Defaults to AlwaysAllow if --authorization-config is not used. Comma-delimited list of: AlwaysAllow,AlwaysDeny,ABAC,Webhook,RBAC,Node.' },
  'authorization-policy-file': { type: 'string', default: '', help: 'File with authorization policy in json line by line format, used with --authorization-mode=ABAC.' },
  'authorization-webhook-cache-authorized-ttl': { type: 'duration', default: 300_000, help: "The duration to cache 'authorized' responses from the webhook authorizer." },
  'authorization-webhook-cache-unauthorized-ttl': { type: 'duration', default: 30_000, help: "The duration to cache 'unauthorized' responses from the webhook authorizer." },
  'authorization-webhook-config-file': { type: 'string', default: '', help: 'File with webhook configuration in kubeconfig format, used with --authorization-mode=Webhook.' },
  'authorization-webhook-version': { type: 'string', default: 'v1beta1', help: 'The API version of the authorization.k8s.io SubjectAccessReview to send to and expect from the webhook.' },
  // Admission
  'admission-control': { type: 'list', default: [], help: 'Deprecated: use --enable-admission-plugins or --disable-admission-plugins instead.' },
  'admission-control-config-file': { type: 'string', default: '', help: 'File with admission control configuration.' },
  'default-not-ready-toleration-seconds': { type: 'int', default: 300, help: 'Indicates the tolerationSeconds of the toleration for notReady:NoExecute that is added by default to every pod that does not already have such a toleration.' },
  'default-unreachable-toleration-seconds': { type: 'int', default: 300, help: 'Indicates the tolerationSeconds of the toleration for unreachable:NoExecute that is added by default to every pod that does not already have such a toleration.' },
  'disable-admission-plugins': { type: 'list', default: [], help: 'admission plugins that should be disabled although they are in the default enabled plugins list.' },
  'enable-admission-plugins': { type: 'list', default: [], help: 'admission plugins that should be enabled in addition to default enabled ones.' },
} as const satisfies FlagTable;

export type ApiserverFlags = FlagValues<typeof apiserverFlags>;
