// CEL as configuration files use it: over a token's claims, over the user that they make, over the review that an
// authorization webhook would be sent. Compiled when a file is read; what does not compile is told with it.
import { cel, invalidValue, required, type FieldError } from '#machinery';

export interface Expression {
  readonly text: string;
  readonly ast: cel.Ast;
  /** Throws an Error when the evaluation fails. */
  evaluate(value: unknown): unknown;
}

export type Over = 'claims' | 'user' | 'request';

const text: cel.Declared = cel.declaredString;

function list(element: cel.Declared): cel.Declared {
  return { type: cel.listType(element.type), fields: undefined, element, maxElements: cel.unboundedElements, minSerializedSize: 2 };
}

function map(element: cel.Declared): cel.Declared {
  return { type: cel.mapType(cel.stringType, element.type), fields: undefined, element, maxElements: cel.unboundedElements, minSerializedSize: 2 };
}

function object(name: string, fields: Readonly<Record<string, cel.Declared>>): cel.Declared {
  return { type: cel.objectType(name), fields: new Map(Object.entries(fields).map(([field, type]) => [field, { type, required: false }])), element: undefined, maxElements: 0, minSerializedSize: 2 };
}

const userInfo = object('kubernetes.UserInfo', { username: text, uid: text, groups: list(text), extra: map(list(text)) });

function selector(name: string, term: string): cel.Declared {
  return object(name, { rawSelector: text, requirements: list(object(term, { key: text, operator: text, values: list(text) })) });
}

const review = object('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: object('kubernetes.ResourceAttributes', {
    namespace: text, verb: text, group: text, version: text, resource: text, subresource: text, name: text,
    fieldSelector: selector('kubernetes.FieldSelectorAttributes', 'kubernetes.FieldSelectorRequirement'), labelSelector: selector('kubernetes.LabelSelectorAttributes', 'kubernetes.SelectorRequirement'),
  }),
  nonResourceAttributes: object('kubernetes.NonResourceAttributes', { path: text, verb: text }),
  user: text, groups: list(text), extra: map(list(text)), uid: text,
});

const environments = new Map<Over, cel.Environment>();

function environmentOver(over: Over): cel.Environment {
  const before = environments.get(over);
  if (before !== undefined) return before;
  const declared = over === 'user' ? userInfo : review;
  const made = over === 'claims'
    ? cel.kubernetesEnvironment().extend({ variables: { claims: cel.mapType(cel.stringType, cel.dynType) } })
    : cel.kubernetesEnvironment().extend({ variables: { [over]: declared.type }, provider: cel.typeProvider([declared]) });
  environments.set(over, made);
  return made;
}

/** Absent texts of a review read as empty ones, as of a Go structure. */
function plain(value: cel.CelResult): unknown {
  if (cel.isError(value)) throw new Error(value.message);
  return cel.jsonOf(value);
}

/** An expression or what is wrong with it. @param isCondition it must be true or false. */
export function compileExpression(field: string, expression: string, over: Over, isCondition: boolean): Expression | FieldError {
  if (expression.trim() === '') return required(field, '');
  const environment = environmentOver(over);
  const { ast, issues } = environment.compile(expression);
  if (issues !== undefined) return invalidValue(field, expression, `compilation failed: ${issues.toString()}`);
  if (isCondition && !cel.sameType(ast.outputType, cel.boolType)) return invalidValue(field, expression, 'must evaluate to bool');
  const program = environment.program(ast);
  return {
    text: expression,
    ast,
    evaluate(value) {
      const bound = cel.jsonValue(value);
      return plain(program.evaluate({ find: (name) => (name === over ? bound : undefined) }).value);
    },
  };
}

export function isExpression(compiled: Expression | FieldError): compiled is Expression {
  return 'ast' in compiled;
}

/** Does the expression read this field of the variable? */
export function selects({ ast }: Expression, variable: string, field: string): boolean {
  for (const expr of cel.nodes(ast.expr)) {
    if (expr.kind === 'select' && expr.field === field && expr.operand.kind === 'ident' && expr.operand.name === variable) return true;
    const [operand, name] = expr.kind === 'call' && expr.function === '_?._' ? expr.args : [];
    if (operand?.kind === 'ident' && operand.name === variable && name?.kind === 'literal' && name.value === field) return true;
  }
  return false;
}

