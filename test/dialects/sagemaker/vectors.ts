/** What unmodified clients sent to a listener on port 18766, signed with the credentials below. */
export const ACCESS_KEY_ID = 'AKIDEXAMPLE1234567';
export const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

/** One recorded request. */
export interface Vector {
  readonly client: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export const TARGET = '/endpoints/gpt-2/invocations';

const HOST = ['Host', '127.0.0.1:18766'] as const;
const JSON_TYPE = ['Content-Type', 'application/json'] as const;

function authorization(region: string, signedHeaders: string, signature: string): readonly [string, string] {
  const credential = `${ACCESS_KEY_ID}/20261121/${region}/sagemaker/aws4_request`;
  const value = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return ['Authorization', value];
}

export const VECTORS: readonly Vector[] = [
  {
    client: 'boto3 1.44.5',
    headers: [
      HOST,
      ['Accept-Encoding', 'identity'],
      JSON_TYPE,
      ['X-Amz-Date', '20261121T155702Z'],
      authorization(
        'us-east-1',
        'content-type;host;x-amz-date',
        '2d6a011b948d2fb4f72b8561a0e510e15b391a45897cc64857f7b87d52fbce7a',
      ),
      ['amz-sdk-invocation-id', '40939dfb-97fd-441c-8317-40861f3448e3'],
      ['amz-sdk-request', 'attempt=1; max=3'],
      ['Content-Length', '47'],
    ],
    body: '{"input": "This is the input of the algorithm"}',
  },
  {
    client: 'boto3 1.44.5 with more headers, without a content type',
    headers: [
      HOST,
      ['X-Amzn-SageMaker-Custom-Attributes', 'a  b, c=d'],
      ['X-Amzn-SageMaker-Target-Variant', 'blue'],
      ['Accept', 'application/json'],
      ['X-Amz-Date', '20261121T155702Z'],
      authorization(
        'us-east-1',
        'accept;host;x-amz-date;x-amzn-sagemaker-custom-attributes;x-amzn-sagemaker-target-variant',
        '36719edc213d2348e420c4df0fa1b75e8d4fcf5481801c748cc886779af64878',
      ),
      ['Content-Length', '19'],
    ],
    body: '{"input":"Grüße"}',
  },
  {
    client: 'requests 2.34.2 with aws-requests-auth 0.4.3',
    headers: [
      HOST,
      ['Accept', '*/*'],
      ['Content-Length', '45'],
      JSON_TYPE,
      authorization(
        'us-east-1',
        'host;x-amz-date',
        '12313d38f155cfc21bfa036c3133bd55b279cf9550e25dad273549e1e6a8c121',
      ),
      ['x-amz-date', '20261121T155702Z'],
      // It sends this and does not sign it.
      ['x-amz-content-sha256', '533e56a2b0758face30dfcf8afd69cba53d84f36c4bd97c0d5a74a9b7dbe21e4'],
    ],
    body: '{"input": "Now we are using Python requests"}',
  },
  {
    client: 'AWS CLI 1.46.3, another region',
    headers: [
      HOST,
      JSON_TYPE,
      ['X-Amz-Date', '20261121T155703Z'],
      authorization(
        'eu-central-1',
        'content-type;host;x-amz-date',
        'a143c52aaba5434abb6601e2f6176167059339d55f61e0ca351e0dbb661151b3',
      ),
      ['Content-Length', '35'],
    ],
    body: '{"input": "Now we use the AWS CLI"}',
  },
  {
    client: 'curl 7.88.1 --aws-sigv4',
    headers: [
      HOST,
      authorization(
        'us-east-1',
        'content-type;host;x-amz-date',
        '1fe921cc2d6e62f71fb99d403f833a57c2ddda102e13109beb6138b4903dd3a9',
      ),
      ['X-Amz-Date', '20261121T155703Z'],
      ['Accept', '*/*'],
      JSON_TYPE,
      ['Content-Length', '43'],
    ],
    body: '{"input": "Querying the model using curl."}',
  },
];
