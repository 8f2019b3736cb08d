// net/http and AWS's SDK for Go, version 2.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type item = map[string]interface{}

var (
	client *dynamodb.Client
	table  = aws.String(os.Getenv("BENCH_TABLE"))
)

func main() {
	endpoint := aws.EndpointResolverWithOptionsFunc(
		func(service, region string, _ ...interface{}) (aws.Endpoint, error) {
			return aws.Endpoint{URL: os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"), SigningRegion: region}, nil
		})
	connections := awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) {
		transport.MaxIdleConnsPerHost = 512
	})
	settings, err := config.LoadDefaultConfig(
		context.Background(),
		config.WithEndpointResolverWithOptions(endpoint),
		config.WithHTTPClient(connections),
	)
	if err != nil {
		log.Fatal(err)
	}
	client = dynamodb.NewFromConfig(settings)
	http.HandleFunc("/items/", serve)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

func serve(response http.ResponseWriter, request *http.Request) {
	parts := strings.Split(strings.TrimPrefix(request.URL.Path, "/items/"), "/")
	var result interface{}
	var err error
	switch {
	case len(parts) == 1:
		result, err = page(request, parts[0])
	case request.Method == http.MethodPut:
		result, err = put(request, parts[0], parts[1])
	case request.Method == http.MethodPatch:
		result, err = patch(request, parts[0], parts[1])
	default:
		result, err = get(request, parts[0], parts[1])
	}
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(result)
}

func key(id, name string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"Id":   &types.AttributeValueMemberN{Value: id},
		"Name": &types.AttributeValueMemberS{Value: name},
	}
}

func plain(attributes map[string]types.AttributeValue) (item, error) {
	result := item{}
	return result, attributevalue.UnmarshalMap(attributes, &result)
}

func get(request *http.Request, id, name string) (item, error) {
	found, err := client.GetItem(
		request.Context(), &dynamodb.GetItemInput{TableName: table, Key: key(id, name)})
	if err != nil {
		return nil, err
	}
	return plain(found.Item)
}

func page(request *http.Request, id string) (item, error) {
	limit, err := strconv.Atoi(request.URL.Query().Get("limit"))
	if err != nil {
		return nil, err
	}
	found, err := client.Query(request.Context(), &dynamodb.QueryInput{
		TableName:              table,
		KeyConditionExpression: aws.String("Id = :id"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":id": &types.AttributeValueMemberN{Value: id},
		},
		Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, err
	}
	items := []item{}
	if err := attributevalue.UnmarshalListOfMaps(found.Items, &items); err != nil {
		return nil, err
	}
	next, err := plain(found.LastEvaluatedKey)
	return item{"items": items, "next": next}, err
}

func put(request *http.Request, id, name string) (item, error) {
	body := item{}
	if err := json.NewDecoder(request.Body).Decode(&body); err != nil {
		return nil, err
	}
	attributes, err := attributevalue.MarshalMap(body)
	if err != nil {
		return nil, err
	}
	for attribute, value := range key(id, name) {
		attributes[attribute] = value
	}
	_, err = client.PutItem(
		request.Context(), &dynamodb.PutItemInput{TableName: table, Item: attributes})
	if err != nil {
		return nil, err
	}
	return plain(attributes)
}

func patch(request *http.Request, id, name string) (item, error) {
	changes := item{}
	if err := json.NewDecoder(request.Body).Decode(&changes); err != nil {
		return nil, err
	}
	names := map[string]string{}
	values := map[string]types.AttributeValue{}
	assignments := []string{}
	for attribute, change := range changes {
		value, err := attributevalue.Marshal(change)
		if err != nil {
			return nil, err
		}
		number := strconv.Itoa(len(assignments))
		names["#"+number], values[":"+number] = attribute, value
		assignments = append(assignments, fmt.Sprintf("#%s = :%s", number, number))
	}
	updated, err := client.UpdateItem(request.Context(), &dynamodb.UpdateItemInput{
		TableName:                 table,
		Key:                       key(id, name),
		UpdateExpression:          aws.String("SET " + strings.Join(assignments, ", ")),
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
		ReturnValues:              types.ReturnValueAllNew,
	})
	if err != nil {
		return nil, err
	}
	return plain(updated.Attributes)
}
