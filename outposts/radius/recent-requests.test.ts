import assert from 'node:assert/strict'
import test from 'node:test'
import { octets } from '#test/support/radius.ts'
import { RecentRequests } from './recent-requests.ts'

const SOURCE = { address: '192.0.2.1', port: 1645 }
const FIRST = octets('first authentic.')
const SECOND = octets('other authentic.')
const REPLY = Uint8Array.of(2)

function admitted(requests: RecentRequests, authenticator = FIRST, { source = SOURCE, identifier = 1, now = 0 } = {}) {
  const admission = requests.admit(source, identifier, authenticator, now)
  assert.equal(admission.kind, 'new')
  return admission.kind === 'new' ? admission.request : assert.fail()
}

test('RD-06: the same request is not begun twice, and gets the kept reply afterwards', () => {
  const requests = new RecentRequests({ keepMs: 5000, capacity: 10 })
  const request = admitted(requests)
  assert.equal(requests.admit(SOURCE, 1, FIRST, 100).kind, 'pending')
  assert.ok(requests.finish(request))
  requests.keep(request, REPLY, 7, 200)
  assert.deepEqual(requests.admit(SOURCE, 1, FIRST, 5199), { kind: 'answered', reply: REPLY })
  assert.equal(requests.admit(SOURCE, 1, FIRST, 5200).kind, 'new', 'five seconds after the answer')
})

test('RD-06: another identifier, port or address is another request', () => {
  const requests = new RecentRequests({ keepMs: 5000, capacity: 10 })
  admitted(requests)
  admitted(requests, FIRST, { identifier: 2 })
  admitted(requests, FIRST, { source: { ...SOURCE, port: 1646 } })
  admitted(requests, FIRST, { source: { ...SOURCE, address: '192.0.2.2' } })
})

test('RD-06: a new authenticator supersedes what is under way', () => {
  const requests = new RecentRequests({ keepMs: 5000, capacity: 10 })
  const first = admitted(requests)
  const second = admitted(requests, SECOND)
  assert.ok(first.abandon.signal.aborted)
  assert.equal(requests.finish(first), false)
  assert.ok(requests.finish(second))
})

test('RD-06: a new authenticator supersedes the kept reply', () => {
  const requests = new RecentRequests({ keepMs: 5000, capacity: 10 })
  const first = admitted(requests)
  requests.finish(first)
  requests.keep(first, REPLY, undefined, 0)
  requests.finish(admitted(requests, SECOND))
  admitted(requests, FIRST)
})

test('no more replies are kept than there is room for; the oldest go first', () => {
  const requests = new RecentRequests({ keepMs: 5000, capacity: 2 })
  for (const identifier of [1, 2, 3]) {
    const request = admitted(requests, FIRST, { identifier })
    requests.finish(request)
    requests.keep(request, REPLY, undefined, 0)
  }
  const kinds = [1, 2, 3].map((identifier) => requests.admit(SOURCE, identifier, FIRST, 1).kind)
  assert.deepEqual(kinds, ['new', 'answered', 'answered'])
})

test('a revoked user is not let in again by a kept reply, others are', () => {
  const requests = new RecentRequests({ keepMs: 5000, capacity: 10 })
  for (const identifier of [7, 8]) {
    const request = admitted(requests, FIRST, { identifier })
    requests.finish(request)
    requests.keep(request, REPLY, identifier, 0)
  }
  const underWay = admitted(requests)
  requests.revoke(7)
  assert.equal(requests.admit(SOURCE, 7, FIRST, 1).kind, 'new')
  assert.equal(requests.admit(SOURCE, 8, FIRST, 1).kind, 'answered')
  assert.deepEqual([...underWay.revoked], [7])
})
