// Every controller of the cluster, one line each: a plain list, so that what runs is read here and nowhere else.
import type { Controller } from './context.ts';
import { bootstrapsigner, tokencleaner } from './bootstrap/controller.ts';
import { csrapproving, csrsigning, csrcleaner } from './certificates/controller.ts';
import { podcertificaterequestcleaner } from './certificates/pod-request-cleaner.ts';
import { clustertrustbundlepublisher } from './clustertrustbundlepublisher/controller.ts';
import { clusterroleaggregation } from './clusterroleaggregation/controller.ts';
import { cronjob } from './cronjob/controller.ts';
import { daemonset } from './daemonset/controller.ts';
import { deployment } from './deployment/controller.ts';
import { disruption } from './disruption/controller.ts';
import { endpoints } from './endpoints/controller.ts';
import { endpointslice } from './endpointslice/controller.ts';
import { garbagecollector } from './garbagecollector/controller.ts';
import { job } from './job/controller.ts';
import { namespace } from './namespace/controller.ts';
import { nodeipam } from './nodeipam/controller.ts';
import { nodelifecycle } from './nodelifecycle/controller.ts';
import { persistentvolume } from './persistentvolume/controller.ts';
import { podautoscaler } from './podautoscaler/controller.ts';
import { podgc } from './podgc/controller.ts';
import { pvcprotection } from './pvcprotection/controller.ts';
import { pvprotection } from './pvprotection/controller.ts';
import { replicaset, replicationcontroller } from './replicaset/controller.ts';
import { resourcequota } from './resourcequota/controller.ts';
import { rootcacertpublisher } from './rootcacertpublisher/controller.ts';
import { serviceaccount } from './serviceaccount/controller.ts';
import { legacytokencleaner } from './serviceaccount/token-cleaner.ts';
import { serviceaccounttoken } from './serviceaccount/token-controller.ts';
import { servicecidrs } from './servicecidrs/controller.ts';
import { statefulset } from './statefulset/controller.ts';
import { tainteviction } from './tainteviction/controller.ts';
import { ttl } from './ttl/controller.ts';
import { ttlafterfinished } from './ttlafterfinished/controller.ts';
import { validatingadmissionpolicystatus } from './validatingadmissionpolicystatus/controller.ts';

export const registry: readonly Controller[] = [
  deployment,
  replicaset,
  replicationcontroller,
  job,
  ttlafterfinished,
  endpointslice,
  endpoints,
  namespace,
  serviceaccount,
  serviceaccounttoken,
  legacytokencleaner,
  rootcacertpublisher,
  clusterroleaggregation,
  garbagecollector,
  nodeipam,
  ttl,
  nodelifecycle,
  tainteviction,
  podgc,
  pvcprotection,
  pvprotection,
  cronjob,
  daemonset,
  statefulset,
  resourcequota,
  validatingadmissionpolicystatus,
  disruption,
  persistentvolume,
  podautoscaler,
  bootstrapsigner,
  tokencleaner,
  csrapproving,
  csrsigning,
  csrcleaner,
  clustertrustbundlepublisher,
  podcertificaterequestcleaner,
  servicecidrs,
];
