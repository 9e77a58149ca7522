import assert from 'node:assert/strict'
import test from 'node:test'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { PagedList } from './pages.ts'
import type { CoreClient, CoreRequest } from './request.ts'

/** A core with one list; each page has an ETag of its content, and is sent when the client does not have it. */
class OneList implements CoreClient {
  pages: ReadonlyArray<readonly unknown[]>
  readonly asked: { readonly page: number; readonly status: 200 | 304 }[] = []

  constructor(...pages: ReadonlyArray<readonly unknown[]>) {
    this.pages = pages
  }

  async request({ query, etag }: CoreRequest) {
    const page = Number(query?.['page'])
    const results = this.pages[page - 1]
    const current = JSON.stringify([results, page < this.pages.length])
    this.asked.push({ page, status: etag === current ? 304 : 200 })
    if (etag === current) return { kind: 'not-modified' as const }
    const next = page < this.pages.length ? page + 1 : 0
    return { kind: 'ok' as const, status: 200, body: { pagination: { next }, results }, etag: current }
  }

  /** The pages that were asked for since the last call, `=` behind those that were not sent. */
  traffic(): string {
    return this.asked
      .splice(0)
      .map(({ page, status }) => `${page}${status === 304 ? '=' : ''}`)
      .join(' ')
  }
}

const changes: ReadonlyArray<
  [what: string, before: readonly string[][], after: readonly string[][], traffic: string, isSame: boolean]
> = [
  ['nothing changes', [['a'], ['b'], ['c']], [['a'], ['b'], ['c']], '1= 2= 3=', true],
  ['one page of three changes', [['a'], ['b'], ['c']], [['a'], ['x'], ['c']], '1= 2 3= 1= 2= 3=', false],
  ['the last page goes', [['a'], ['b'], ['c']], [['a'], ['b']], '1= 2 1= 2=', false],
  ['all pages but the first go', [['a'], ['b'], ['c']], [['a']], '1', false],
  ['a page comes', [['a'], ['b']], [['a'], ['b'], ['c']], '1= 2 3 1= 2= 3=', false],
  ['the list becomes empty', [['a'], ['b']], [[]], '1', false],
  ['an empty list stays empty', [[]], [[]], '1=', true],
]
for (const [what, before, after, traffic, isSame] of changes)
  test(`${what}: ${traffic}`, async () => {
    const core = new OneList(...before)
    const list = new PagedList(core, { path: '/things/' })
    const first = await list.read()
    assert.deepEqual(first, before.flat())
    core.traffic()
    core.pages = after
    const second = await list.read()
    assert.deepEqual(second, after.flat())
    assert.equal(core.traffic(), traffic)
    assert.equal(second === first, isSame, 'the very same array while nothing changes')
  })

/** Objects are taken from a list of three pages, or put there, after as many requests. */
const between: ReadonlyArray<[what: string, after: number, change: (names: string[]) => void, expected: string]> = [
  ['one of the first page goes after it', 1, (names) => names.splice(0, 1), 'bcdef'],
  ['one of the second page goes after it', 2, (names) => names.splice(3, 1), 'abcef'],
  ['one comes before what was read', 1, (names) => names.unshift('A'), 'Aabcdef'],
  [
    'one takes the place of another, which goes to the end',
    2,
    (names) => names.push(...names.splice(1, 1, 'B')),
    'aBcdefb',
  ],
  ['one has another name', 1, (names) => names.unshift(...names.splice(4, 1)), 'eabcdf'],
]
for (const [what, after, change, expected] of between)
  test(`CT-09: ${what} while the list is read: nothing is hidden, and nothing there twice`, async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    let asked = 0
    const core: CoreClient = {
      async request({ query }) {
        const page = Number(query?.['page'])
        const results = names.slice((page - 1) * 2, page * 2).map((pk) => ({ pk }))
        const next = page * 2 < names.length ? page + 1 : 0
        if (++asked === after) change(names)
        return { kind: 'ok', status: 200, body: { pagination: { next }, results }, etag: undefined }
      },
    }
    const seen = (await new PagedList(core, { path: '/things/' }).read()) as readonly { pk: string }[]
    assert.equal(seen.map(({ pk }) => pk).join(''), expected)
  })

for (const whole of [true, false])
  test(`a list that never stays as it is ${whole ? 'is no whole one' : 'is taken as it was read last'}`, async () => {
    let count = 0
    const core: CoreClient = {
      async request({ query }) {
        const next = Number(query?.['page']) === 1 ? 2 : 0
        return { kind: 'ok', status: 200, body: { pagination: { next }, results: [{ pk: ++count }] }, etag: undefined }
      },
    }
    const reading = new PagedList(core, { path: '/things/', whole }).read()
    if (whole) await assert.rejects(reading, CoreUnreachableError)
    else assert.deepEqual(await reading, [{ pk: 3 }, { pk: 4 }])
  })

test('a page that went and comes back is not taken from before', async () => {
  const core = new OneList(['a'], ['b'])
  const list = new PagedList(core, { path: '/things/' })
  await list.read()
  core.pages = [['a']]
  await list.read()
  core.pages = [['a'], ['c']]
  assert.deepEqual(await list.read(), ['a', 'c'])
})

test('a page that cannot be read leaves the list as it was, and the next reading notices every change', async () => {
  const core = new OneList(['a'], ['b'])
  const list = new PagedList(core, { path: '/things/' })
  const first = await list.read()
  core.pages = [['x'], undefined as unknown as string[]]
  await assert.rejects(list.read(), CoreUnreachableError)
  core.pages = [['x'], ['b']]
  const after = await list.read()
  assert.deepEqual(after, ['x', 'b'])
  assert.notEqual(after, first)
})

test('a list of a core without ETags is read as a whole, and is another array each time', async () => {
  const core = new OneList(['a'])
  const plain: CoreClient = {
    request: async (request) => ({ ...(await core.request({ ...request, etag: undefined })), etag: undefined }),
  }
  const list = new PagedList(plain, { path: '/things/' })
  const first = await list.read()
  assert.deepEqual(await list.read(), ['a'])
  assert.notEqual(await list.read(), first)
})

for (const next of [1, -1])
  test(`a page that says its next one is ${next} ends the list`, async () => {
    const core: CoreClient = {
      request: async () => ({
        kind: 'ok',
        status: 200,
        body: { pagination: { next }, results: ['a'] },
        etag: undefined,
      }),
    }
    assert.deepEqual(await new PagedList(core, { path: '/things/' }).read(), ['a'])
  })
