import assert from 'node:assert/strict'
import test from 'node:test'
import { AttemptLimiter } from './attempt-limiter.ts'
import { clientNetwork } from './client-network.ts'

const clock = () => {
  const time = { ms: 1_000_000, now: () => time.ms }
  return time
}
const attempts = (time = clock(), capacity = 100) =>
  new AttemptLimiter({ perAccountAndNetwork: 3, perAccount: 5, windowMs: 60_000, capacity }, time)
const tries = (limiter: AttemptLimiter, ...addresses: string[]) => addresses.map((ip) => limiter.begin('demo', ip))

test('a network gets its attempts at an account, and no more until the window has passed', () => {
  const time = clock()
  const limiter = attempts(time)
  assert.deepEqual(tries(limiter, '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'), [true, true, true, false])
  assert.equal(limiter.begin('other', '192.0.2.1'), true)
  time.ms += 60_000
  assert.equal(limiter.begin('demo', '192.0.2.1'), true)
})

test('whoever guesses from one network does not lock out another; many networks reach the limit of the account', () => {
  const limiter = attempts()
  tries(limiter, '192.0.2.1', '192.0.2.1', '192.0.2.1')
  assert.deepEqual(tries(limiter, '198.51.100.1', '203.0.113.1', '10.0.0.1'), [true, true, false])
})

test('a right password forgives the wrong ones before it from there', () => {
  const limiter = attempts()
  tries(limiter, '192.0.2.1', '192.0.2.1', '192.0.2.1')
  limiter.succeeded('demo', '192.0.2.1')
  assert.deepEqual(tries(limiter, '192.0.2.1', '192.0.2.1'), [true, true])
})

test('what is remembered is bounded', () => {
  const limiter = attempts(clock(), 4)
  tries(limiter, '192.0.2.1', '192.0.2.1', '192.0.2.1')
  for (let i = 0; i < 4; i++) limiter.begin(`account ${i}`, '192.0.2.1')
  assert.equal(limiter.begin('demo', '192.0.2.1'), true)
})

const networks: ReadonlyArray<[one: string, other: string, same: boolean]> = [
  ['192.0.2.1', '192.0.2.254', true],
  ['192.0.2.1', '192.0.3.1', false],
  ['2001:db8::1', '2001:db8:0:0:ffff::2', true],
  ['2001:db8::1', '2001:db8:0:1::1', false],
  ['unknown', 'other', false],
]
for (const [one, other, same] of networks)
  test(`${one} and ${other} are ${same ? 'one customer' : 'two customers'}`, () =>
    assert.equal(clientNetwork(one) === clientNetwork(other), same))
