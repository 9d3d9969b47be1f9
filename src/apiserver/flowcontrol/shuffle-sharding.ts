// Shuffle sharding: each flow is dealt a small hand of queues out of all, so that one flooding flow shares all its
// queues with hardly any other. The hand follows from a hash of the flow's name, as upstream deals it, and is the same
// on every server.
import { createHash } from 'node:crypto';

/** The bits of a hash that a deal may use up, for hands that are nearly uniform. */
const mostEntropyBits = 60;
const largestDeck = 2 ** 26;

/** Says what is wrong with a deck and hand; undefined when they can be dealt. */
export function dealProblem(deckSize: number, handSize: number): string | undefined {
  if (deckSize <= 0 || handSize <= 0) return `deckSize ${deckSize} or handSize ${handSize} is not positive`;
  if (handSize > deckSize) return `handSize ${handSize} is greater than deckSize ${deckSize}`;
  if (deckSize > largestDeck) return `deckSize ${deckSize} is impractically large`;
  const bits = Math.ceil(Math.log2(deckSize) * handSize);
  return bits > mostEntropyBits ? `required entropy bits of deckSize ${deckSize} and handSize ${handSize} is greater than ${mostEntropyBits}` : undefined;
}

export function hashFlow(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${schema}\0${distinguisher}`).digest().readBigUInt64LE(0);
}

/** `handSize` different numbers below `deckSize`. */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  const picks: number[] = [];
  let left = hash;
  for (let i = 0; i < handSize; i++) {
    const choices = BigInt(deckSize - i);
    picks.push(Number(left % choices));
    left /= choices;
  }
  // Each pick counts among the cards that the picks before it have left.
  return picks.map((pick, i) => {
    let card = pick;
    for (let j = i - 1; j >= 0; j--) if (card >= (picks[j] ?? 0)) card++;
    return card;
  });
}
