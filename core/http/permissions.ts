/** A grant: on one object, or on all of its kind when `objectPk` is null. */
export interface Grant {
  /** `<app>.<codename>`, such as `authentik_outposts.view_outpost`. */
  readonly permission: string
  readonly objectPk: string | null
}

/** What somebody may do beside what everybody may. */
export class PermissionSet {
  static readonly everything = new PermissionSet([], true)
  readonly #all: boolean
  readonly #objects = new Map<string, Set<string>>()
  readonly #global = new Set<string>()

  constructor(grants: readonly Grant[], all = false) {
    this.#all = all
    for (const { permission, objectPk } of grants) {
      if (objectPk === null) this.#global.add(permission)
      else this.#objects.set(permission, (this.#objects.get(permission) ?? new Set()).add(objectPk))
    }
  }

  /** Whether the permission is held on every object. */
  everywhere(permission: string): boolean {
    return this.#all || this.#global.has(permission)
  }

  /** Whether the permission is held on this object. */
  on(permission: string, objectPk: string): boolean {
    return this.everywhere(permission) || (this.#objects.get(permission)?.has(objectPk) ?? false)
  }

  /** The objects on which it is held; undefined means every one. */
  objects(permission: string): readonly string[] | undefined {
    return this.everywhere(permission) ? undefined : [...(this.#objects.get(permission) ?? [])]
  }
}
