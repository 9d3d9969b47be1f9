// Documented metrics of upstream's API server that this one does not have, with the reasons. A name may only go.
const reasons: readonly (readonly [string, readonly string[]])[] = [
  ['Documents are made whole when somebody asks for them, for all that has changed since: none is made because of one definition or APIService.', [
    'aggregator_discovery_aggregation_count_total',
    'aggregator_openapi_v2_regeneration_count',
    'aggregator_openapi_v2_regeneration_duration',
    'apiextensions_openapi_v2_regeneration_count',
    'apiextensions_openapi_v3_regeneration_count',
  ]],
  ['There is no peer proxy between API servers of different versions.', [
    'aggregator_discovery_nopeer_requests_total',
    'aggregator_discovery_peer_aggregated_cache_hits_total',
    'aggregator_discovery_peer_aggregated_cache_misses_total',
    'apiserver_peer_discovery_sync_errors_total',
    'apiserver_peer_proxy_errors_total',
    'apiserver_rerouted_request_total',
  ]],
  ['Whether a value has changed is found where the schema is walked, and as seldom as possible: there is no comparison of its own to be timed.', [
    'apiextensions_apiserver_validation_ratcheting_seconds',
  ]],
  ['Of the repair of cluster IPs as one bitmap, which upstream does not run either since each address is an object.', [
    'apiserver_clusterip_repair_ip_errors_total',
    'apiserver_clusterip_repair_reconcile_errors_total',
  ]],
  ['Of extension API servers, which ask another; this one asks nobody.', [
    'apiserver_delegated_authn_request_duration_seconds',
    'apiserver_delegated_authn_request_total',
    'apiserver_delegated_authz_request_duration_seconds',
    'apiserver_delegated_authz_request_total',
  ]],
  ['Virtual time is a double and is not wound back.', [
    'apiserver_flowcontrol_epoch_advance_total',
  ]],
  ['A request that has run out of time is given up at once: nothing goes on behind its answer.', [
    'apiserver_request_post_timeout_total',
  ]],
  ['Whether an apply changes nothing is known before timestamps are written.', [
    'apiserver_request_timestamp_comparison_time',
  ]],
  ['The cache is fed by one watch and is not compared with the store.', [
    'apiserver_storage_consistency_checks_total',
  ]],
  ['WebSocket goes through to the kubelet as it is; nothing is translated.', [
    'apiserver_stream_translator_requests_total',
    'apiserver_stream_tunnel_requests_total',
  ]],
  ['There is one validation, not a declarative one beside a written one.', [
    'apiserver_validation_declarative_validation_mismatch_total',
    'apiserver_validation_declarative_validation_panic_total',
    'apiserver_validation_declarative_validation_panics_total',
    'apiserver_validation_declarative_validation_parity_discrepancies_total',
  ]],
  ['A metric has no stability but in its text.', [
    'registered_metrics_total',
  ]],
  ['One watch follows the whole store: its progress is of no resource.', [
    'etcd_bookmark_counts',
    'etcd_bookmark_total',
  ]],
  ['Leases are shared by time, not by number.', [
    'etcd_lease_object_counts',
  ]],
  ['Of client-go, which this server has no part of: it reads its own caches and runs no work queues; programs that have clients tell of theirs.', [
    'informer_processing_latency_seconds',
    'informer_queued_items',
    'leader_election_master_status',
    'leader_election_slowpath_total',
    'rest_client_dns_resolution_duration_seconds',
    'rest_client_exec_plugin_call_total',
    'rest_client_exec_plugin_certificate_rotation_age',
    'rest_client_exec_plugin_policy_call_total',
    'rest_client_exec_plugin_ttl_seconds',
    'rest_client_rate_limiter_duration_seconds',
    'rest_client_request_duration_seconds',
    'rest_client_request_retries_total',
    'rest_client_request_size_bytes',
    'rest_client_requests_total',
    'rest_client_response_size_bytes',
    'rest_client_transport_cache_entries',
    'rest_client_transport_create_calls_total',
    'running_managed_controllers',
    'workqueue_adds_total',
    'workqueue_depth',
    'workqueue_longest_running_processor_seconds',
    'workqueue_queue_duration_seconds',
    'workqueue_retries_total',
    'workqueue_unfinished_work_seconds',
    'workqueue_work_duration_seconds',
  ]],
  ['Registered by the program, which knows the gates and the listener (main/apiserver.ts).', [
    'apiserver_tls_handshake_errors_total',
    'kubernetes_feature_enabled',
  ]],
  ['The Node authorizer looks at indexes of the cache and keeps no graph.', [
    'node_authorizer_graph_actions_duration_seconds',
  ]],
  ['The ring of events has a fixed bound.', [
    'watch_cache_capacity_decrease_total',
    'watch_cache_capacity_increase_total',
  ]],
];

/** Why, by name. */
export const gaps: ReadonlyMap<string, string> = new Map(reasons.flatMap(([reason, names]) => names.map((name) => [name, reason] as const)));
