/** The part of the WebAssembly interface that is used here; TypeScript has it with the DOM's types only. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
  }
  class Global {
    value: number;
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Record<string, unknown>;
  }
  type Imports = Record<string, Record<string, unknown>>;
  const validate: (bytes: Uint8Array) => boolean;
  const compile: (bytes: Uint8Array) => Promise<Module>;
}
