import { eq } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { generateCertificate, type PemPair } from '#core/crypto/certificates.ts'
import { certificateKeyPairs } from '#core/store/tables/certificates.ts'

const MANAGED = 'martello.io/core/self-signed'
const place = (kpUuid: string) => `certificate_key_pairs.key_data:${kpUuid}`

/** The certificate of the core's own HTTPS listener: self-signed, made at the first start, the same for all replicas. */
export async function ensureServerCertificate(ctx: CoreContext): Promise<{ cert: string; key: string }> {
  const known = await find(ctx)
  if (known !== undefined) return known
  const names = ['localhost']
  const pair = await generateCertificate(
    { commonName: 'martello', subjectAltNames: names, validityDays: 3650, keyType: 'ec' },
    ctx.clock.now(),
  )
  await store(ctx, pair)
  return (await find(ctx)) ?? { cert: pair.certificate, key: pair.key }
}

async function find({ db, keys }: CoreContext): Promise<{ cert: string; key: string } | undefined> {
  const [row] = await db.select().from(certificateKeyPairs).where(eq(certificateKeyPairs.managed, MANAGED))
  return row === undefined ? undefined : { cert: row.certificateData, key: keys.unseal(row.keyData, place(row.kpUuid)) }
}

async function store({ db, keys }: CoreContext, { certificate, key }: PemPair): Promise<void> {
  const kpUuid = crypto.randomUUID()
  await db
    .insert(certificateKeyPairs)
    .values({
      kpUuid,
      name: 'Martello self-signed certificate',
      certificateData: certificate,
      keyData: keys.seal(key, place(kpUuid)),
      managed: MANAGED,
    })
    .onConflictDoNothing()
}
