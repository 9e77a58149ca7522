import assert from 'node:assert/strict'
import test from 'node:test'
import { NotFoundError } from '#core/http/http-errors.ts'
import type { Binding } from './binding.ts'
import { orderableFields, pagination, pagingOf } from './list-query.ts'
import { userBinding } from './users.ts'

const asked: ReadonlyArray<[query: string, page: number | 'last', size: number]> = [
  ['', 1, 100],
  ['page=3&page_size=10', 3, 10],
  ['page=last', 'last', 100],
  ['page_size=0', 1, 100],
  ['page_size=x', 1, 100],
  ['page_size=1000000000', 1, 1000],
]
for (const [query, page, size] of asked)
  test(`"${query}" asks for page ${page} of ${size}`, () =>
    assert.deepEqual(pagingOf(new URLSearchParams(query)), { page, size }))

for (const page of ['0', '-1', 'x', '1e9'])
  test(`there is no page ${page}`, () => assert.throws(() => pagingOf(new URLSearchParams({ page })), NotFoundError))

test('the numbers of the envelope are page numbers, and 0 is none', () => {
  const page = { next: 3, previous: 1, count: 25, current: 2, total_pages: 3, start_index: 11, end_index: 20 }
  assert.deepEqual(pagination(25, { page: 2, size: 10 }), page)
  const empty = { next: 0, previous: 0, count: 0, current: 1, total_pages: 1, start_index: 0, end_index: 0 }
  assert.deepEqual(pagination(0, { page: 1, size: 10 }), empty)
  assert.throws(() => pagination(25, { page: 4, size: 10 }), NotFoundError)
})

test('a list is ordered by what can be read, and by no secret', () => {
  const names = orderableFields(userBinding as unknown as Binding)
  assert.ok(names.includes('username'))
  assert.ok(!names.includes('password') && !names.includes('attributes') && !names.includes('is_superuser'))
})
