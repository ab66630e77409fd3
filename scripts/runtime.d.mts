export declare const root: string
export declare function prepare(): string
export declare function runWith(node: string, args: string[]): void
export declare function isPrepared(): boolean
export declare function buildConsole(node: string): void
