import { eq, or } from 'drizzle-orm'
import type { Database } from '#core/store/database.ts'
import { applications, ldapProviders, providers, proxyProviders } from '#core/store/tables/applications.ts'
import { outpostProviders, outposts } from '#core/store/tables/outposts.ts'
import type { OutpostDependencies } from './affected.ts'

/** What every outpost depends on, in one query. */
export async function loadDependencies(db: Database): Promise<readonly OutpostDependencies[]> {
  const rows = await db
    .select({
      outpost: outposts.uuid,
      type: outposts.type,
      provider: providers.id,
      authenticationFlow: providers.authenticationFlow,
      authorizationFlow: providers.authorizationFlow,
      application: applications.pbmUuid,
      proxyCertificate: proxyProviders.certificate,
      ldapCertificate: ldapProviders.certificate,
    })
    .from(outposts)
    .leftJoin(outpostProviders, eq(outpostProviders.outpostUuid, outposts.uuid))
    .leftJoin(providers, eq(providers.id, outpostProviders.providerId))
    .leftJoin(
      applications,
      or(eq(applications.provider, providers.id), eq(applications.pbmUuid, providers.backchannelApplication)),
    )
    .leftJoin(proxyProviders, eq(proxyProviders.id, providers.id))
    .leftJoin(ldapProviders, eq(ldapProviders.id, providers.id))
  const byOutpost = Map.groupBy(rows, (row) => row.outpost)
  return [...byOutpost].map(([outpost, own]) => ({
    outpost,
    type: own[0]!.type,
    providers: present(own.map((row) => row.provider?.toString())),
    applications: present(own.map((row) => row.application)),
    certificates: present(own.flatMap((row) => [row.proxyCertificate, row.ldapCertificate])),
    flows: present(own.flatMap((row) => [row.authenticationFlow, row.authorizationFlow])),
  }))
}

function present(values: ReadonlyArray<string | null | undefined>): ReadonlySet<string> {
  return new Set(values.filter((value) => value != null))
}
