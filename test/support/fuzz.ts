import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** LD-23, RD-21: a single input that takes this long means that something goes round in circles. */
const HANG_MS = 50
const REPEATS = 3

/** Numbers in [0, below) that are the same in every run (xorshift32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Whether the work is slow, and again each time when it is repeated: that is its own fault and not a busy machine's. */
export function hangs(work: () => void): boolean {
  for (let time = 0; time <= REPEATS; time++) {
    const started = performance.now()
    work()
    if (performance.now() - started < HANG_MS) return false
  }
  return true
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Memory in octets that is left after the collector has been asked: objects, and the buffers outside of their heap. */
export function settledMemory(): number {
  // The second time frees the buffers of what the first one has found dead.
  for (let time = 0; time < 2; time++) collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
