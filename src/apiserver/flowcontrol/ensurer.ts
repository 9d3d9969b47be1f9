// Keeps the mandatory and suggested objects there and as they should be: at the start and every minute. Mandatory ones
// are always put right; suggested ones only while their annotation (or, without one, their untouched state) says that
// nobody wants them otherwise. Objects that carry the annotation and belong to neither are of another version: gone.
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1.ts';
import { cloneJson, isAlreadyExists, isConflict, isNotFound, jsonEqual } from '#machinery';
import type { KubeObject, ObjectReader, ObjectWriter, PostStartHook } from '../contract.ts';
import { autoUpdateAnnotation, exemptName, flowControlGroup, mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from './bootstrap-objects.ts';

export const producerName = 'api-priority-and-fairness-config-producer-v1';

type Plural = 'prioritylevelconfigurations' | 'flowschemas';
type ConfigObject = FlowSchema | PriorityLevelConfiguration;

export interface EnsurerParts {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly remove: (plural: Plural, name: string) => Promise<void>;
}

/** The hook does it once, so that the server is ready with them; whoever made it calls `ensure` from time to time. */
export function ensurerHook(parts: EnsurerParts): PostStartHook & { ensure(): Promise<void> } {
  const ensure = async (): Promise<void> => {
    await Promise.all([
      ensureAll(parts, 'prioritylevelconfigurations', suggestedLevels, false),
      ensureAll(parts, 'prioritylevelconfigurations', mandatoryLevels, true),
      ensureAll(parts, 'flowschemas', suggestedSchemas, false),
      ensureAll(parts, 'flowschemas', mandatorySchemas, true),
    ]);
    await removeUnwanted(parts, 'flowschemas', [...mandatorySchemas, ...suggestedSchemas]);
    await removeUnwanted(parts, 'prioritylevelconfigurations', [...mandatoryLevels, ...suggestedLevels]);
  };
  return { name: 'priority-and-fairness-config-producer', run: ensure, ensure };
}

/** Independent of each other: all at once, and the store commits them together. */
async function ensureAll(parts: EnsurerParts, plural: Plural, wanted: readonly ConfigObject[], mandatory: boolean): Promise<void> {
  await Promise.all(wanted.map((object) => ensureOne(parts, plural, object, mandatory)));
}

async function ensureOne({ reader, writer }: EnsurerParts, plural: Plural, wanted: ConfigObject, mandatory: boolean): Promise<void> {
  const name = wanted.metadata?.name ?? '';
  const current = reader.get(flowControlGroup, plural, '', name) ?? (await writer.lookup(flowControlGroup, plural, '', name));
  if (current === undefined) {
    try {
      await writer.create(flowControlGroup, plural, asObject(wanted));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    return;
  }
  const revised = revisedObject(current, asObject(wanted), mandatory);
  if (revised === undefined) return;
  try {
    await writer.update(flowControlGroup, plural, revised);
  } catch (error) {
    // Somebody else was quicker, or it is gone: next time.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

function asObject(wanted: ConfigObject): KubeObject {
  return { ...wanted };
}

/** Go's strconv.ParseBool; undefined for what is none. */
function parseBool(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
}

/** What the object should be; undefined when it is that. */
export function revisedObject(current: KubeObject, wanted: KubeObject, mandatory: boolean): KubeObject | undefined {
  const annotated = parseBool(current.metadata?.annotations?.[autoUpdateAnnotation]);
  const followsSpec = mandatory || (annotated ?? current.metadata?.generation === 1);
  const specDiffers = followsSpec && !jsonEqual(expectedSpec(current, wanted), current['spec']);
  if (annotated === followsSpec && !specDiffers) return undefined;
  const revised = cloneJson(current);
  if (specDiffers) revised['spec'] = cloneJson(wanted['spec']);
  if (annotated !== followsSpec) revised.metadata = { ...revised.metadata, annotations: { ...revised.metadata?.annotations, [autoUpdateAnnotation]: String(followsSpec) } };
  return revised;
}

/** The exempt level's figures are its owner's to choose. */
function expectedSpec(current: KubeObject, wanted: KubeObject): unknown {
  const spec = current['spec'] as PriorityLevelConfiguration['spec'];
  if (wanted.kind !== 'PriorityLevelConfiguration' || wanted.metadata?.name !== exemptName || spec?.exempt === undefined) return wanted['spec'];
  return { type: 'Exempt', exempt: spec.exempt };
}

async function removeUnwanted({ reader, remove }: EnsurerParts, plural: Plural, wanted: readonly ConfigObject[]): Promise<void> {
  const names = new Set(wanted.map(({ metadata }) => metadata?.name));
  for (const { metadata } of reader.list(flowControlGroup, plural)) {
    if (names.has(metadata?.name) || parseBool(metadata?.annotations?.[autoUpdateAnnotation]) !== true) continue;
    try {
      await remove(plural, metadata?.name ?? '');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
