// The LDAP outpost's own server over a directory in memory, or (`bare`) a socket that answers every message with the
// same octets: `KIND PORT USERS`.
import { createServer } from 'node:net'
import type { FlowClient } from '#outposts/flow/flow-client.ts'
import { MessageFramer } from '#outposts/ldap/codec/framing.ts'
import { LdapServer } from '#outposts/ldap/server/ldap-server.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { outpostHost } from '#test/support/outpost-host.ts'

const [, , kind, port, users] = process.argv
const address = { host: '127.0.0.1', port: Number(port), setting: 'port' }

const user = (index: number) => ({
  pk: index + 1,
  username: `user${index}`,
  name: `User ${index}`,
  is_active: true,
  email: `user${index}@example.com`,
  uid: `uid-${index}`,
  groups: ['staff'],
  attributes: {},
})
const all = Array.from({ length: Number(users) }, (_, index) => user(index))
const staff = { pk: 'staff', num_pk: 11111, name: 'staff', users: all.map(({ pk }) => pk), attributes: {} }
const provider = {
  pk: 1,
  name: 'bench',
  base_dn: 'dc=example,dc=com',
  bind_flow_slug: 'flow',
  application_slug: 'bench',
  search_group: 'searchers',
  search_mode: 'cached',
  bind_mode: 'cached',
}
const results: Readonly<Record<string, unknown[]>> = {
  '/outposts/ldap/': [provider],
  '/core/users/': all,
  '/core/groups/': [staff],
}
const core: CoreClient = {
  request: async ({ path }) => ({
    kind: 'ok',
    status: 200,
    etag: undefined,
    body: { pagination: { next: 0 }, results: results[path] ?? [] },
  }),
}
const flows: FlowClient = {
  login: async ({ username }) => ({
    kind: 'allowed',
    user: { pk: 1, uid: 'x', username, groups: [{ pk: 'searchers', name: 'searchers' }] },
    sessionExpires: undefined,
    session: undefined,
  }),
}

async function martello(): Promise<void> {
  const server = new LdapServer(await outpostHost({ core, flows, listen: { ldap: { port: Number(port) } } }))
  await server.configure({ pk: 'o', name: 'bench', config: {} }, undefined)
  await server.listen()
}

/** Success for every message: what a socket alone costs here. */
function bare(): void {
  const done = (tag: number) => Buffer.from([0x30, 12, 2, 1, 1, tag, 7, 10, 1, 0, 4, 0, 4, 0])
  const [bound, found] = [done(0x61), done(0x65)]
  createServer({ noDelay: true }, (socket) => {
    const framer = new MessageFramer()
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk)
      const answers: Buffer[] = []
      for (let message = framer.next(65_536); message !== undefined; message = framer.next(65_536))
        answers.push(message[5] === 0x60 ? bound : found)
      socket.write(Buffer.concat(answers))
    })
  }).listen(address.port, address.host)
}

if (kind === 'bare') bare()
else await martello()
