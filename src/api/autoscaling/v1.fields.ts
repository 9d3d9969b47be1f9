// Field table of autoscaling/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ContainerResourceMetricSource
  name 1 string !
  targetAverageUtilization 2 int32 *
  targetAverageValue 3 quantity *
  container 5 string !

ContainerResourceMetricStatus
  name 1 string !
  currentAverageUtilization 2 int32 *
  currentAverageValue 3 quantity !
  container 4 string !

CrossVersionObjectReference atomic
  kind 1 string ! required
  name 2 string ! required
  apiVersion 3 string

ExternalMetricSource
  metricName 1 string !
  metricSelector 2 meta.v1.LabelSelector *
  targetValue 3 quantity *
  targetAverageValue 4 quantity *

ExternalMetricStatus
  metricName 1 string !
  metricSelector 2 meta.v1.LabelSelector *
  currentValue 3 quantity !
  currentAverageValue 4 quantity *

HorizontalPodAutoscaler object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 autoscaling.v1.HorizontalPodAutoscalerSpec ! required
  status 3 autoscaling.v1.HorizontalPodAutoscalerStatus !

HorizontalPodAutoscalerCondition
  type 1 string !
  status 2 string !
  lastTransitionTime 3 time !
  reason 4 string
  message 5 string

HorizontalPodAutoscalerList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[autoscaling.v1.HorizontalPodAutoscaler] ! required

HorizontalPodAutoscalerSpec
  scaleTargetRef 1 autoscaling.v1.CrossVersionObjectReference ! required
  minReplicas 2 int32 *
  maxReplicas 3 int32 ! required
  targetCPUUtilizationPercentage 4 int32 *

HorizontalPodAutoscalerStatus
  observedGeneration 1 int64 *
  lastScaleTime 2 time *
  currentReplicas 3 int32 ! required
  desiredReplicas 4 int32 ! required
  currentCPUUtilizationPercentage 5 int32 *

MetricSpec
  type 1 string !
  object 2 autoscaling.v1.ObjectMetricSource *
  pods 3 autoscaling.v1.PodsMetricSource *
  resource 4 autoscaling.v1.ResourceMetricSource *
  containerResource 7 autoscaling.v1.ContainerResourceMetricSource *
  external 5 autoscaling.v1.ExternalMetricSource *

MetricStatus
  type 1 string !
  object 2 autoscaling.v1.ObjectMetricStatus *
  pods 3 autoscaling.v1.PodsMetricStatus *
  resource 4 autoscaling.v1.ResourceMetricStatus *
  containerResource 7 autoscaling.v1.ContainerResourceMetricStatus *
  external 5 autoscaling.v1.ExternalMetricStatus *

ObjectMetricSource
  target 1 autoscaling.v1.CrossVersionObjectReference !
  metricName 2 string !
  targetValue 3 quantity !
  selector 4 meta.v1.LabelSelector *
  averageValue 5 quantity *

ObjectMetricStatus
  target 1 autoscaling.v1.CrossVersionObjectReference !
  metricName 2 string !
  currentValue 3 quantity !
  selector 4 meta.v1.LabelSelector *
  averageValue 5 quantity *

PodsMetricSource
  metricName 1 string !
  targetAverageValue 2 quantity !
  selector 3 meta.v1.LabelSelector *

PodsMetricStatus
  metricName 1 string !
  currentAverageValue 2 quantity !
  selector 3 meta.v1.LabelSelector *

ResourceMetricSource
  name 1 string !
  targetAverageUtilization 2 int32 *
  targetAverageValue 3 quantity *

ResourceMetricStatus
  name 1 string !
  currentAverageUtilization 2 int32 *
  currentAverageValue 3 quantity !

Scale object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 autoscaling.v1.ScaleSpec !
  status 3 autoscaling.v1.ScaleStatus !

ScaleSpec
  replicas 1 int32 =0

ScaleStatus
  replicas 1 int32 ! required
  selector 2 string
`;
