// How the server's seats are divided when demand differs: every priority level gets the same fraction of what it
// aims at, within its own bounds. The fraction is the one for which the seats just suffice.

export interface SeatClaim {
  readonly lowest: number;
  readonly highest: number;
  /** What the level would use; at least `lowest`. */
  readonly target: number;
}

export interface SeatShares {
  readonly seats: readonly number[];
  /** What fraction of its target each level gets that no bound stops. */
  readonly fairFraction: number;
}

const smallestTarget = 0.001;
const tolerance = 1e-7;

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** Throws an Error when the bounds leave no way to hand out exactly `total`. */
export function shareSeats(total: number, claims: readonly SeatClaim[]): SeatShares {
  const items = claims.map((claim) => ({ ...claim, target: Math.max(claim.target, smallestTarget) }));
  const bad = claims.findIndex(({ lowest, highest, target }) => lowest < 0 || target < lowest || highest < lowest);
  if (bad >= 0) throw new Error(`claim ${bad} contradicts itself: ${JSON.stringify(claims[bad])}`);
  const seatsAt = (fraction: number): number => items.reduce((sum, { lowest, highest, target }) => sum + clamp(fraction * target, lowest, highest), 0);
  const lowSum = items.reduce((sum, { lowest }) => sum + lowest, 0);
  const highSum = items.reduce((sum, { highest }) => sum + highest, 0);
  if (total < 0 || lowSum - total > tolerance) throw new Error(`lower bounds sum to ${lowSum}, which is higher than the required sum of ${total}`);
  if (total - highSum > tolerance) throw new Error(`upper bounds sum to ${highSum}, which is lower than the required sum of ${total}`);
  if (total === 0) return { seats: items.map(() => 0), fairFraction: 0 };
  // The sum grows with the fraction, in straight pieces between the points where a level meets one of its bounds.
  const bends = items.flatMap(({ lowest, highest, target }) => [lowest / target, highest / target]).toSorted((a, b) => a - b);
  let below = bends[0] ?? 0;
  let fraction = below;
  for (const bend of bends) {
    fraction = bend;
    if (seatsAt(bend) >= total) break;
    below = bend;
  }
  const [from, to] = [seatsAt(below), seatsAt(fraction)];
  if (to > from) fraction = below + ((total - from) / (to - from)) * (fraction - below);
  return { seats: items.map(({ lowest, highest, target }) => clamp(fraction * target, lowest, highest)), fairFraction: fraction };
}
