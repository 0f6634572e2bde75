const constantMeanings: Record<string, string> = {};

export const meaningOfConstant = (name: string): string | undefined => constantMeanings[name];
