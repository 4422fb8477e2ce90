export const PAGE: string;
export function reference(): Promise<string>;
