// The story's calls arrive as lines of JSON; each gets one in return.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	items "adapter/client"
)

const typedJSON = "application/vnd.dynamodb+json"

type call struct {
	Operation   string         `json:"operation"`
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Item        map[string]any `json:"item"`
	Typed       bool           `json:"typed"`
	Fields      []string       `json:"fields"`
	IfMatch     *string        `json:"if_match"`
	IfNoneMatch *string        `json:"if_none_match"`
	Prefer      *string        `json:"prefer"`
	Limit       *int32         `json:"limit"`
	Cursor      *string        `json:"cursor"`
	Prefix      *string        `json:"prefix"`
	Order       *string        `json:"order"`
}

type result struct {
	Status  int            `json:"status"`
	Etag    string         `json:"etag"`
	Item    map[string]any `json:"item"`
	Page    *items.Page    `json:"page"`
	Problem *items.Problem `json:"problem"`
}

// typedForm requests the typed form and sends it: the client's own default headers only add to what
// an operation has chosen.
type typedForm struct{}

func (typedForm) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("Accept", typedJSON)
	if request.Body != nil {
		request.Header.Set("Content-Type", typedJSON)
	}
	return http.DefaultTransport.RoundTrip(request)
}

func newClient(transport http.RoundTripper) *items.APIClient {
	configuration := items.NewConfiguration()
	configuration.Servers = items.ServerConfigurations{{URL: os.Args[1]}}
	configuration.HTTPClient = &http.Client{Transport: transport}
	return items.NewAPIClient(configuration)
}

func main() {
	plain, typed := newClient(http.DefaultTransport), newClient(typedForm{})
	lines, results := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var requested call
		if err := lines.Decode(&requested); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(err)
		}
		client := plain
		if requested.Typed {
			client = typed
		}
		if err := results.Encode(resultOf(client, requested)); err != nil {
			panic(err)
		}
	}
}

func resultOf(client *items.APIClient, requested call) result {
	var reported result
	var response *http.Response
	var err error
	switch requested.Operation {
	case "list", "query":
		reported.Page, response, err = sendList(client.ListsAPI, requested)
	default:
		reported.Item, response, err = send(client.ItemsAPI, requested)
	}
	if response == nil {
		panic(err)
	}
	reported.Status, reported.Etag = response.StatusCode, response.Header.Get("ETag")
	var failure *items.GenericOpenAPIError
	if errors.As(err, &failure) {
		// 304, which has no body, is an error here.
		if problem, isProblem := failure.Model().(items.Problem); isProblem {
			reported.Problem = &problem
		}
	} else if err != nil {
		panic(err)
	}
	return reported
}

func send(api *items.ItemsAPIService, requested call) (map[string]any, *http.Response, error) {
	ctx := context.Background()
	switch requested.Operation {
	case "get":
		request := api.GetItem(ctx, requested.ID, requested.Name)
		if requested.Fields != nil {
			request = request.Fields(requested.Fields)
		}
		if requested.IfNoneMatch != nil {
			request = request.IfNoneMatch(*requested.IfNoneMatch)
		}
		return request.Execute()
	case "put":
		request := api.PutItem(ctx, requested.ID, requested.Name).RequestBody(requested.Item)
		if requested.IfMatch != nil {
			request = request.IfMatch(*requested.IfMatch)
		}
		if requested.IfNoneMatch != nil {
			request = request.IfNoneMatch(*requested.IfNoneMatch)
		}
		if requested.Prefer != nil {
			request = request.Prefer(*requested.Prefer)
		}
		return request.Execute()
	case "patch":
		request := api.PatchItem(ctx, requested.ID, requested.Name).RequestBody(requested.Item)
		if requested.IfMatch != nil {
			request = request.IfMatch(*requested.IfMatch)
		}
		return request.Execute()
	case "update":
		update, err := itemUpdate(requested)
		if err != nil {
			return nil, nil, err
		}
		request := api.UpdateItem(ctx).ItemUpdate(*update)
		if requested.IfMatch != nil {
			request = request.IfMatch(*requested.IfMatch)
		}
		return request.Execute()
	case "delete":
		request := api.DeleteItem(ctx, requested.ID, requested.Name)
		if requested.IfMatch != nil {
			request = request.IfMatch(*requested.IfMatch)
		}
		return request.Execute()
	default:
		panic(fmt.Sprintf("no operation %q", requested.Operation))
	}
}

func sendList(api *items.ListsAPIService, requested call) (*items.Page, *http.Response, error) {
	ctx := context.Background()
	switch requested.Operation {
	case "list":
		request := api.ListPartition(ctx, requested.ID)
		if requested.Limit != nil {
			request = request.Limit(*requested.Limit)
		}
		if requested.Cursor != nil {
			request = request.Cursor(*requested.Cursor)
		}
		if requested.Prefix != nil {
			request = request.Prefix(*requested.Prefix)
		}
		if requested.Order != nil {
			request = request.Order(*requested.Order)
		}
		return request.Execute()
	default:
		var query items.Query
		text, err := json.Marshal(requested.Item)
		if err != nil {
			return nil, nil, err
		}
		if err := json.Unmarshal(text, &query); err != nil {
			return nil, nil, err
		}
		return api.QueryItems(ctx).Query(query).Execute()
	}
}

// itemUpdate is the body of a native update, whose expressions the call has as its item.
func itemUpdate(requested call) (*items.ItemUpdate, error) {
	members := map[string]any{"id": requested.ID, "name": requested.Name}
	for name, value := range requested.Item {
		members[name] = value
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	update := items.NewItemUpdateWithDefaults()
	return update, json.Unmarshal(text, update)
}
