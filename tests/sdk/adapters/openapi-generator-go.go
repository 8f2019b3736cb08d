// The story's calls come in as lines of JSON, and each is answered with one.
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
}

type answer struct {
	Status  int            `json:"status"`
	Etag    string         `json:"etag"`
	Item    map[string]any `json:"item"`
	Problem *items.Problem `json:"problem"`
}

// typedForm asks for the typed form and sends it: the client's own default headers only add to what
// an operation has chosen.
type typedForm struct{}

func (typedForm) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("Accept", typedJSON)
	if request.Body != nil {
		request.Header.Set("Content-Type", typedJSON)
	}
	return http.DefaultTransport.RoundTrip(request)
}

func newAPI(transport http.RoundTripper) *items.ItemsAPIService {
	configuration := items.NewConfiguration()
	configuration.Servers = items.ServerConfigurations{{URL: os.Args[1]}}
	configuration.HTTPClient = &http.Client{Transport: transport}
	return items.NewAPIClient(configuration).ItemsAPI
}

func main() {
	plain, typed := newAPI(http.DefaultTransport), newAPI(typedForm{})
	lines, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var asked call
		if err := lines.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(err)
		}
		api := plain
		if asked.Typed {
			api = typed
		}
		if err := answers.Encode(answerTo(api, asked)); err != nil {
			panic(err)
		}
	}
}

func answerTo(api *items.ItemsAPIService, asked call) answer {
	item, response, err := send(api, asked)
	if response == nil {
		panic(err)
	}
	told := answer{Status: response.StatusCode, Etag: response.Header.Get("ETag"), Item: item}
	var refusal *items.GenericOpenAPIError
	if errors.As(err, &refusal) {
		// 304, which has no body, is an error here.
		if problem, isProblem := refusal.Model().(items.Problem); isProblem {
			told.Problem = &problem
		}
	} else if err != nil {
		panic(err)
	}
	return told
}

func send(api *items.ItemsAPIService, asked call) (map[string]any, *http.Response, error) {
	ctx := context.Background()
	switch asked.Operation {
	case "get":
		request := api.GetItem(ctx, asked.ID, asked.Name)
		if asked.Fields != nil {
			request = request.Fields(asked.Fields)
		}
		if asked.IfNoneMatch != nil {
			request = request.IfNoneMatch(*asked.IfNoneMatch)
		}
		return request.Execute()
	case "put":
		request := api.PutItem(ctx, asked.ID, asked.Name).RequestBody(asked.Item)
		if asked.IfMatch != nil {
			request = request.IfMatch(*asked.IfMatch)
		}
		if asked.IfNoneMatch != nil {
			request = request.IfNoneMatch(*asked.IfNoneMatch)
		}
		if asked.Prefer != nil {
			request = request.Prefer(*asked.Prefer)
		}
		return request.Execute()
	case "patch":
		request := api.PatchItem(ctx, asked.ID, asked.Name).RequestBody(asked.Item)
		if asked.IfMatch != nil {
			request = request.IfMatch(*asked.IfMatch)
		}
		return request.Execute()
	case "update":
		update, err := itemUpdate(asked)
		if err != nil {
			return nil, nil, err
		}
		request := api.UpdateItem(ctx).ItemUpdate(*update)
		if asked.IfMatch != nil {
			request = request.IfMatch(*asked.IfMatch)
		}
		return request.Execute()
	case "delete":
		request := api.DeleteItem(ctx, asked.ID, asked.Name)
		if asked.IfMatch != nil {
			request = request.IfMatch(*asked.IfMatch)
		}
		return request.Execute()
	default:
		panic(fmt.Sprintf("no operation %q", asked.Operation))
	}
}

// itemUpdate is the body of a native update, whose expressions the call has as its item.
func itemUpdate(asked call) (*items.ItemUpdate, error) {
	members := map[string]any{"id": asked.ID, "name": asked.Name}
	for name, value := range asked.Item {
		members[name] = value
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	update := items.NewItemUpdateWithDefaults()
	return update, json.Unmarshal(text, update)
}
