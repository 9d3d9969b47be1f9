// A program: the closures of an expression, run once per evaluation with costs counted and bounded. Functions whose
// answers are not here yet throw Pending; evaluateAsync waits and evaluates again, which is right because evaluation
// has no effects.
import { Pending, type Activation, type Ast, type Environment, type EvaluateOptions, type Evaluated, type Program, type ProgramOptions } from '../contract.ts';
import { CelError } from '../types/values.ts';
import { Cancelled, Frame } from './frame.ts';
import { Planner } from './planner.ts';

/** Each round needs an answer that was not there before; more rounds than this is a function that forgets. */
const maxRounds = 1000;

const texts = { cost: 'operation cancelled: actual cost limit exceeded', interrupted: 'operation interrupted' };

/** Throws a ProgramError when a constant in the expression already fails. */
export function makeProgram(environment: Environment, ast: Ast, options: ProgramOptions): Program {
  const compiled = new Planner(ast, environment, options).compile(ast.expr);
  const tracked = options.trackCost === true;
  const ownLimit = options.costLimit ?? Infinity;

  const evaluate = (activation: Activation, { costLimit = ownLimit, interrupted }: EvaluateOptions = {}): Evaluated => {
    const frame = new Frame(activation, tracked ? costLimit : Infinity, interrupted);
    try {
      const value = compiled(frame);
      return { value, cost: tracked ? frame.cost : undefined };
    } catch (error) {
      if (!(error instanceof Cancelled)) throw error;
      return { value: new CelError(texts[error.why]), cost: tracked ? frame.cost : undefined, cancelled: error.why };
    }
  };

  const evaluateAsync = async (activation: Activation, evaluateOptions?: EvaluateOptions): Promise<Evaluated> => {
    for (let round = 0; round < maxRounds; round++) {
      try {
        return evaluate(activation, evaluateOptions);
      } catch (error) {
        if (!(error instanceof Pending)) throw error;
        await error.settled;
      }
    }
    throw new Error(`a function of ${JSON.stringify(ast.text)} keeps asking for the same answer`);
  };

  return { ast, evaluate, evaluateAsync };
}
