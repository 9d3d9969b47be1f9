// Metrics of a HorizontalPodAutoscaler as autoscaling/v1 has them: flat, where v2 has a metric's identity and its target
// as parts of their own. v1 shows them as JSON in annotations, and its clients read them there.
type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Without what is not there. */
function some(object: Fields): Fields {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && value !== null));
}

/** v1 has no way to leave these out. */
function quantity(value: unknown): unknown {
  return value ?? '0';
}

function reference(value: unknown): Fields {
  const { kind = '', name = '', apiVersion } = fields(value);
  return some({ kind, name, apiVersion });
}

type Source = (source: Fields) => Fields;

const kinds: Readonly<Record<string, string>> = { Object: 'object', Pods: 'pods', Resource: 'resource', ContainerResource: 'containerResource', External: 'external' };

const specToV1: Readonly<Record<string, Source>> = {
  object({ metric, target, describedObject }) {
    const [{ name = '', selector }, { value, averageValue }] = [fields(metric), fields(target)];
    return some({ target: reference(describedObject), metricName: name, targetValue: quantity(value), selector, averageValue });
  },
  pods({ metric, target }) {
    const { name = '', selector } = fields(metric);
    return some({ metricName: name, targetAverageValue: quantity(fields(target).averageValue), selector });
  },
  resource({ name = '', target }) {
    const { averageUtilization, averageValue } = fields(target);
    return some({ name, targetAverageUtilization: averageUtilization, targetAverageValue: averageValue });
  },
  containerResource({ name = '', container = '', target }) {
    const { averageUtilization, averageValue } = fields(target);
    return some({ name, targetAverageUtilization: averageUtilization, targetAverageValue: averageValue, container });
  },
  external({ metric, target }) {
    const [{ name = '', selector }, { value, averageValue }] = [fields(metric), fields(target)];
    return some({ metricName: name, metricSelector: selector, targetValue: value, targetAverageValue: averageValue });
  },
};

const specToV2: Readonly<Record<string, Source>> = {
  object({ target, metricName = '', targetValue, selector, averageValue }) {
    const isZero = targetValue === undefined || targetValue === '0' || targetValue === 0;
    const aim = averageValue === undefined || averageValue === null ? { type: 'Value', value: quantity(targetValue) } : { type: 'AverageValue', value: isZero ? undefined : targetValue, averageValue };
    return { describedObject: reference(target), target: some(aim), metric: some({ name: metricName, selector }) };
  },
  pods: ({ metricName = '', targetAverageValue, selector }) => ({ metric: some({ name: metricName, selector }), target: { type: 'AverageValue', averageValue: quantity(targetAverageValue) } }),
  resource: ({ name = '', targetAverageUtilization: averageUtilization, targetAverageValue: averageValue }) => ({ name, target: utilization(averageUtilization, averageValue) }),
  containerResource: ({ name = '', container = '', targetAverageUtilization: averageUtilization, targetAverageValue: averageValue }) => ({ name, target: utilization(averageUtilization, averageValue), container }),
  external({ metricName = '', metricSelector: selector, targetValue: value, targetAverageValue: averageValue }) {
    return { metric: some({ name: metricName, selector }), target: some({ type: value === undefined || value === null ? 'AverageValue' : 'Value', value, averageValue }) };
  },
};

function utilization(averageUtilization: unknown, averageValue: unknown): Fields {
  return some({ type: averageUtilization === undefined || averageUtilization === null ? 'AverageValue' : 'Utilization', averageValue, averageUtilization });
}

const statusToV1: Readonly<Record<string, Source>> = {
  object({ metric, current, describedObject }) {
    const [{ name = '', selector }, { value, averageValue }] = [fields(metric), fields(current)];
    return some({ target: reference(describedObject), metricName: name, currentValue: quantity(value), selector, averageValue });
  },
  pods({ metric, current }) {
    const { name = '', selector } = fields(metric);
    return some({ metricName: name, currentAverageValue: quantity(fields(current).averageValue), selector });
  },
  resource({ name = '', current }) {
    const { averageUtilization, averageValue } = fields(current);
    return some({ name, currentAverageUtilization: averageUtilization, currentAverageValue: quantity(averageValue) });
  },
  containerResource({ name = '', container = '', current }) {
    const { averageUtilization, averageValue } = fields(current);
    return some({ name, currentAverageUtilization: averageUtilization, currentAverageValue: quantity(averageValue), container });
  },
  external({ metric, current }) {
    const [{ name = '', selector }, { value, averageValue }] = [fields(metric), fields(current)];
    return some({ metricName: name, metricSelector: selector, currentValue: quantity(value), currentAverageValue: averageValue });
  },
};

const statusToV2: Readonly<Record<string, Source>> = {
  object: ({ target, metricName = '', currentValue, selector, averageValue }) => ({ metric: some({ name: metricName, selector }), current: some({ value: quantity(currentValue), averageValue }), describedObject: reference(target) }),
  pods: ({ metricName = '', currentAverageValue, selector }) => ({ metric: some({ name: metricName, selector }), current: { averageValue: quantity(currentAverageValue) } }),
  resource: ({ name = '', currentAverageUtilization: averageUtilization, currentAverageValue }) => ({ name, current: some({ averageValue: quantity(currentAverageValue), averageUtilization }) }),
  containerResource: ({ name = '', container = '', currentAverageUtilization: averageUtilization, currentAverageValue }) => ({ name, current: some({ averageValue: quantity(currentAverageValue), averageUtilization }), container }),
  external: ({ metricName = '', metricSelector: selector, currentValue, currentAverageValue: averageValue }) => ({ metric: some({ name: metricName, selector }), current: some({ value: quantity(currentValue), averageValue }) }),
};

function through(sources: Readonly<Record<string, Source>>): (metric: unknown) => Fields {
  return (metric) => {
    const { type = '' } = fields(metric);
    const kind = kinds[String(type)] ?? '';
    const source = fields(metric)[kind];
    const convert = sources[kind];
    return convert === undefined || source === undefined || source === null ? { type } : { type, [kind]: convert(fields(source)) };
  };
}

export const metricSpecToV1 = through(specToV1);
export const metricSpecToV2 = through(specToV2);
export const metricStatusToV1 = through(statusToV1);
export const metricStatusToV2 = through(statusToV2);

const rules = [['ScaleUp', 'scaleUp'], ['ScaleDown', 'scaleDown']] as const;

/** v1 tells the behavior under Go's names, absent ones as null. */
export function behaviorToV1(behavior: unknown): Fields {
  const told = (value: unknown): Fields | null => {
    if (value === undefined || value === null) return null;
    const { stabilizationWindowSeconds = null, selectPolicy = null, policies, tolerance = null } = fields(value);
    const each = Array.isArray(policies) ? policies.map(fields).map(({ type = '', value: amount = 0, periodSeconds = 0 }) => ({ Type: type, Value: amount, PeriodSeconds: periodSeconds })) : null;
    return { StabilizationWindowSeconds: stabilizationWindowSeconds, SelectPolicy: selectPolicy, Policies: each, Tolerance: tolerance };
  };
  return Object.fromEntries(rules.map(([go, name]) => [go, told(fields(behavior)[name])]));
}

/** Go reads names whatever their case. */
export function behaviorToV2(text: unknown): Fields | undefined {
  const lower = (value: unknown): Fields => Object.fromEntries(Object.entries(fields(value)).map(([name, own]) => [name.toLowerCase(), own]));
  const told = lower(text);
  const found = rules.flatMap(([, name]) => {
    const given = told[name.toLowerCase()];
    if (given === undefined || given === null) return [];
    const { stabilizationwindowseconds, selectpolicy, policies, tolerance } = lower(given);
    const each = Array.isArray(policies) ? policies.map(lower).map(({ type = '', value = 0, periodseconds = 0 }) => ({ type, value, periodSeconds: periodseconds })) : undefined;
    return [[name, some({ stabilizationWindowSeconds: stabilizationwindowseconds, selectPolicy: selectpolicy, policies: each, tolerance })] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
