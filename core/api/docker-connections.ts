import { eq, inArray } from 'drizzle-orm'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import { grantToController } from '#core/store/controller-grants.ts'
import { rememberLocal } from '#core/store/local-connections.ts'
import { certificateKeyPairs } from '#core/store/tables/certificates.ts'
import { dockerServiceConnections, serviceConnections } from '#core/store/tables/outposts.ts'
import { dockerConnectionResource, serviceConnectionResource } from '#schema/api/outposts.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding } from './binding.ts'
import { releaseConnection } from './deployments.ts'
import { revisionOf } from './revision-of.ts'
import type { Call } from './route.ts'

type DockerRow = typeof serviceConnections.$inferSelect & typeof dockerServiceConnections.$inferSelect

export const dockerConnectionBinding: Binding<DockerRow> = {
  resource: dockerConnectionResource,
  tables: [serviceConnections, dockerServiceConnections],
  base: serviceConnectionResource.model,
  kind: 'docker',
  prepare,
  async represent(_call, rows, db) {
    const used = rows.flatMap(({ tlsVerification, tlsAuthentication }) => [tlsVerification, tlsAuthentication])
    const keys = used.filter((key) => key !== null)
    const pairs =
      keys.length === 0
        ? []
        : await db.select().from(certificateKeyPairs).where(inArray(certificateKeyPairs.kpUuid, keys))
    const partsOf = (key: string | null) => {
      const pair = pairs.find(({ kpUuid }) => kpUuid === key)
      return [pair?.certificateData, pair?.keyData]
    }
    return rows.map(({ tlsVerification, tlsAuthentication }) => ({
      credentials_revision: revisionOf([...partsOf(tlsVerification), ...partsOf(tlsAuthentication)]),
    }))
  },
  async written(_call, db, { before, after }) {
    await rememberLocal(db, 'docker', before, after)
    await grantToController(db)
    return undefined
  },
  async deleting(_call, db, row) {
    await rememberLocal(db, 'docker', row)
    await releaseConnection(db, row.uuid)
    return undefined
  },
}

/** Over SSH somebody signs in with a key. The host's key may come later: until then the connection is refused at use. */
async function prepare({ ctx }: Call, values: JsonObject, before: DockerRow | undefined): Promise<JsonObject> {
  const isSsh = URL.parse(String(values['url'] ?? before?.url ?? ''))?.protocol === 'ssh:'
  if (!isSsh) return values
  const { tls_authentication: pair = before?.tlsAuthentication } = values
  const problem = typeof pair === 'string' ? await keyProblem(ctx.db, pair) : 'SSH needs the key pair to sign in with.'
  if (problem !== undefined) throw new ValidationFailedError({ tls_authentication: [problem] })
  return values
}

async function keyProblem(db: Call['ctx']['db'], pair: string): Promise<string | undefined> {
  const [row] = await db.select().from(certificateKeyPairs).where(eq(certificateKeyPairs.kpUuid, pair))
  return row?.keyData === '' ? 'This key pair has no private key to sign in with.' : undefined
}
